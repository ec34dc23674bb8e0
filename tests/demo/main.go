// Command demo shows the main job on a registry of its own: it starts an OCI
// registry on loopback, signs and attests images as cosign does, with a
// transparency log in memory, writes manifests and a waxseal.yaml, and has
// waxseal judge them. What it leaves is a folder that works without it.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	waxseal := flag.String("waxseal", ".bin/waxseal", "the waxseal binary")
	dir := flag.String("dir", "demo", "the folder to write; it is made anew")
	flag.Parse()
	if err := run(*waxseal, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(waxseal, dir string) error {
	if err := replaceable(dir); err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	w, err := newWorld(filepath.Join(dir, "registry"))
	if err != nil {
		return err
	}
	defer w.registry.Close()
	fmt.Printf("Signing images on a registry at %s …\n", w.registry.Host())
	for _, i := range images {
		if err := w.make(i); err != nil {
			return fmt.Errorf("image %s: %w", i.name, err)
		}
		fmt.Printf("  %-10s %s\n", i.name, i.what)
	}
	if err := w.write(dir, "{plain_http: true} # the live registry of the demo"); err != nil {
		return err
	}
	manifests := filepath.Join(dir, "manifests")
	config := filepath.Join(dir, "waxseal.yaml")
	fmt.Printf("\n$ %s admit -c %s %s\n\n", waxseal, config, manifests)
	if err := show(waxseal, "admit", "-c", config, manifests); err != nil {
		return err
	}
	// The registry ends here; its content stays as an OCI layout.
	w.registry.Close()
	if err := w.write(dir, "{layout: registry} # an OCI layout: no network"); err != nil {
		return err
	}
	if err := check(waxseal, config, manifests); err != nil {
		return err
	}
	next(waxseal, config, manifests, dir, w)
	return nil
}

// replaceable refuses to remove a folder that the demo did not write.
func replaceable(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) || (err == nil && len(entries) == 0) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "registry", "oci-layout")); err != nil {
		return fmt.Errorf("%s is not a folder of the demo; name another with -dir", dir)
	}
	return nil
}

// show runs waxseal as a user would. Denials are what the demo is about.
func show(waxseal string, args ...string) error {
	cmd := exec.Command(waxseal, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return nil
	}
	if err == nil {
		return errors.New("everything was admitted: that is wrong")
	}
	return err
}

// check judges again, from the layout, and compares the verdict of each image
// with what it was made for.
func check(waxseal, config, manifests string) error {
	out, err := exec.Command(waxseal, "admit", "-c", config, "-o", "json", manifests).Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		return fmt.Errorf("expected exit code 1 from the layout: %w", err)
	}
	var report struct {
		Decisions []struct {
			Images []struct {
				Image    string
				Admitted bool
			}
			Violations []struct{ Code, Image string }
		}
	}
	if err := json.NewDecoder(bytes.NewReader(out)).Decode(&report); err != nil {
		return err
	}
	got := map[string][]string{}
	for _, d := range report.Decisions {
		for _, i := range d.Images {
			name := nameOf(i.Image)
			got[name] = append(got[name], fmt.Sprintf("admitted=%v", i.Admitted))
		}
		for _, v := range d.Violations {
			got[nameOf(v.Image)] = append(got[nameOf(v.Image)], v.Code)
		}
	}
	for _, i := range images {
		want := []string{fmt.Sprintf("admitted=%v", i.code == "")}
		if i.code != "" {
			want = append(want, i.code)
		}
		slices.Sort(got[i.name])
		slices.Sort(want)
		if !slices.Equal(got[i.name], want) {
			return fmt.Errorf("image %s: judged %v, expected %v", i.name, got[i.name], want)
		}
	}
	return nil
}

// nameOf returns "legacy" for "127.0.0.1:5000/shop/legacy@sha256:…".
func nameOf(ref string) string {
	name := ref[strings.LastIndex(ref, "/")+1:]
	name, _, _ = strings.Cut(name, "@")
	name, _, _ = strings.Cut(name, ":")
	return name
}

func next(waxseal, config, manifests, dir string, w *world) {
	record := filepath.Join(dir, "record")
	fmt.Printf(`
The registry has ended; its content stays in %s as an OCI layout.
Try next:

  %s verify -c %s --explain %s
  %s admit -c %s -o sarif %s
  %s admit -c %s --record %s %s; %s replay --verify %s
`, filepath.Join(dir, "registry"),
		waxseal, config, w.refs["keyless"],
		waxseal, config, manifests,
		waxseal, config, record, manifests, waxseal, record)
}

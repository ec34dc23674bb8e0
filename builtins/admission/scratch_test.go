package admission_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waxseal/waxseal/builtins/admission"
)

func TestScratch(t *testing.T) {
	var all []admission.Object
	for _, dir := range strings.Split(os.Getenv("SCRATCH"), ":") {
		filepath.Walk(dir, func(p string, i os.FileInfo, err error) error {
			if err == nil && !i.IsDir() && strings.HasSuffix(p, ".yaml") {
				text, _ := os.ReadFile(p)
				if !strings.Contains(string(text), "{{-") {
					func() {
						defer func() { recover() }()
						all = append(all, objects(t, p, string(text))...)
					}()
				}
			}
			return nil
		})
	}
	c := admission.Parse(all, admission.Options{Complete: os.Getenv("COMPLETE") != ""})
	text, _ := json.MarshalIndent(c, "", " ")
	if strings.Contains(string(text), "null") {
		i := strings.Index(string(text), "null")
		t.Errorf("null: %s", text[max(0, i-300):i+10])
	}
	for _, r := range c.Rules {
		t.Logf("  %s %s about=%s checks=%v act=%s fail=%s(%s) t=%d kinds=%d lists=%v all=%s att=%d engine=%v", r.ID, r.System, r.About, r.Checks, r.Action.Effect, r.OnFailure.Effect, r.OnFailure.By, r.Timeout.Seconds, len(r.Scope.Kinds), r.Scope.Containers, r.Images.All, len(r.Attestors), r.Engine)
		for _, f := range r.Facts {
			t.Logf("      %s %s:%d %s", f.Code, filepath.Base(f.File), f.Line, f.Text)
		}
		for _, d := range r.Depends {
			t.Logf("      needs %s %s %s %s", d.Role, d.Kind, d.Name, d.State)
		}
	}
	for _, k := range c.Components {
		t.Logf("  %s %s %s %v %v", k.System, k.Role, k.Object.Name, k.Checks, k.Facts)
	}
	for _, p := range c.Problems {
		t.Logf("  problem %v", p)
	}
	for _, w := range c.Workloads {
		t.Logf("  %s %s %s %s members=%d", w.ID, w.Kind, w.Namespace, w.Members[0].Name, len(w.Members))
		for _, k := range w.Containers {
			t.Logf("     %s %s %s %v", k.List, k.Name, k.Image, k.Rules)
		}
	}
}

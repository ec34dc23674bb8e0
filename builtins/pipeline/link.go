package pipeline

import (
	"cmp"
	"slices"
	"strings"

	"github.com/waxseal/waxseal/builtins/pipeline/model"
)

// link returns the images that pipelines build, with what happens to each.
func link(pipelines []model.Pipeline) []model.Image {
	var all []*group
	var loose []*deed
	for i := range pipelines {
		groups, unmatched := linkPipeline(&pipelines[i])
		all, loose = append(all, groups...), append(loose, unmatched...)
	}
	elsewhere(all, loose)
	var out []model.Image
	for _, g := range withoutCalled(all) {
		out = append(out, g.image())
	}
	slices.SortStableFunc(out, func(a, b model.Image) int {
		return cmp.Or(cmp.Compare(a.Pipeline, b.Pipeline), cmp.Compare(a.PipelineLine, b.PipelineLine), byPlace(a.Place, b.Place), byPlace(a.Build.Place, b.Build.Place), cmp.Compare(a.Text, b.Text))
	})
	return out
}

// group is an image while it is joined: the deeds that make it and name it.
type group struct {
	builds   []*deed // of it; one that only pushes it, for an image that is built nowhere
	pushes   []*deed
	uses     []use
	other    []*deed
	unseen   []int
	isList   bool // it is put together from images of single platforms
	partials []string
	merged   *group // into which this one went
}

func (g *group) root() *group {
	for g.merged != nil {
		if g.merged.merged != nil {
			g.merged = g.merged.merged // so that no way is long twice
		}
		g = g.merged
	}
	return g
}

// use is a deed as it is about an image.
type use struct {
	*deed
	ref    model.Ref
	traced bool
	level  int
	remote bool // it is in another pipeline
}

// linker joins the deeds of one pipeline.
type linker struct {
	groups []*group
	keys   map[string]*group
	repos  map[string][]*group
	jobs   map[string][]*group // by the job that builds
	steps  map[stepPlace]*group
}

// stepPlace is a command of a step.
type stepPlace struct {
	step  *model.Step
	place model.Place
}

func linkPipeline(p *model.Pipeline) (groups []*group, loose []*deed) {
	l := &linker{keys: map[string]*group{}, repos: map[string][]*group{}, jobs: map[string][]*group{}, steps: map[stepPlace]*group{}}
	all := deeds(p)
	for _, d := range all {
		if d.Kind == model.Build {
			l.build(d)
		}
	}
	l.rename(all)
	l.joinTests()
	for _, d := range all {
		if d.Kind == model.Push || d.Kind == model.Copy {
			l.push(d)
		}
	}
	l.rename(all) // of what was only pushed
	l.places()
	for _, d := range all {
		if used(d.Kind) && !l.use(d) {
			loose = append(loose, d)
			l.others(d)
		}
	}
	l.unseen(p)
	return l.alive(), loose
}

// places remembers where the images are built.
func (l *linker) places() {
	for _, g := range l.alive() {
		for _, b := range g.builds {
			l.steps[stepPlace{b.step, b.Place}] = g
			if in := l.jobs[b.job.ID]; len(in) == 0 || in[len(in)-1] != g {
				l.jobs[b.job.ID] = append(in, g)
			}
		}
	}
}

func used(k model.Kind) bool {
	return k == model.Sign || k == model.Attest || k == model.Scan || k == model.SBOM
}

func (l *linker) alive() []*group {
	var out []*group
	for _, g := range l.groups {
		if g.merged == nil {
			out = append(out, g)
		}
	}
	return out
}

// build begins an image, or adds to one that has the same name.
func (l *linker) build(d *deed) {
	g := &group{builds: []*deed{d}}
	if d.Pushes {
		g.pushes = []*deed{d}
	}
	l.groups = append(l.groups, g)
	for _, s := range d.Digests {
		g = l.claim("digest "+s, g)
	}
	for _, s := range d.Names {
		g = l.claim("symbol "+s, g)
	}
	for _, f := range d.Files {
		if f = cleanFile(f); f != "" {
			g = l.claim("file "+f, g)
		}
	}
	l.names(d.images, g)
	if composed(d) {
		l.compose(d, g.root())
	}
}

// claim says that a key is of an image. Two images with one key are one.
func (l *linker) claim(key string, g *group) *group {
	g = g.root()
	old, ok := l.keys[key]
	if !ok {
		l.keys[key] = g
		return g
	}
	return unite(old.root(), g)
}

// unite makes one image of two; the earlier one stays.
func unite(a, b *group) *group {
	if a == b {
		return a
	}
	a.builds, a.pushes = append(a.builds, b.builds...), append(a.pushes, b.pushes...)
	a.isList, a.partials = a.isList || b.isList, append(a.partials, b.partials...)
	b.merged = a
	return a
}

// names claims all names for an image.
func (l *linker) names(all []name, g *group) {
	for _, n := range all {
		switch {
		case n.file != "":
			g = l.claim("file "+n.file, g)
		case n.text != "" && !unclear(n.text):
			g = l.claim("text "+n.text, g)
		}
		l.ofRepository(n.repo, g.root())
	}
}

// ofRepository remembers the images of a repository. Beyond some of them nobody
// asks which one is meant.
func (l *linker) ofRepository(repo string, g *group) {
	if repo == "" || unclear(repo) || len(l.repos[repo]) > maxOther || slices.Contains(l.repos[repo], g) {
		return
	}
	l.repos[repo] = append(l.repos[repo], g)
}

// composed says whether a deed makes one image of several: a manifest list.
func composed(d *deed) bool {
	switch {
	case len(d.from) == 0:
		return false
	case len(d.from) > 1, d.Kind == model.Build, strings.Contains(d.Tool, "manifest"):
		return true
	}
	return d.Kind == model.Copy && (d.Tool == "buildx" || d.Tool == "goreleaser") &&
		slices.ContainsFunc(d.From, func(r model.Ref) bool { return unclear(r.Text) })
}

// compose joins the images of single platforms into the list of them. What is
// done to one platform is not done to the list.
func (l *linker) compose(d *deed, g *group) {
	for _, n := range d.from {
		part, _, level := l.find(n)
		if level == 0 {
			part = l.onlyOf(n.repo)
		}
		if part == nil || part.root() == g.root() {
			continue
		}
		g = unite(part.root(), g.root())
	}
	g.isList = true
	for _, b := range g.builds {
		if b != d {
			g.partials = append(g.partials, b.Digests...)
		}
	}
}

// rename gives images the names that tags and copies give them. A name may come
// before what it is the name of is known, so it goes on while it finds any.
func (l *linker) rename(all []*deed) {
	done := map[*deed]bool{}
	for range 10 {
		more := false
		for _, d := range all {
			if done[d] || len(d.from) == 0 || d.Kind != model.Tag && d.Kind != model.Copy && d.Kind != model.Push {
				continue
			}
			if g := l.source(d); g != nil {
				done[d], more = true, true
				l.named(d, g)
			}
		}
		if !more {
			return
		}
	}
}

// source returns the image that a deed names anew.
func (l *linker) source(d *deed) *group {
	for _, n := range d.from {
		if g, _, level := l.find(n); level > 0 {
			return g
		}
	}
	if composed(d) { // the parts have no names, or none that is known: those of this repository are
		for _, n := range d.images {
			if g := l.onlyOf(n.repo); g != nil {
				return g
			}
		}
	}
	return nil
}

func (l *linker) named(d *deed, g *group) {
	for _, s := range d.Digests {
		g = l.claim("digest "+s, g)
	}
	for _, f := range d.Files {
		if f = cleanFile(f); f != "" {
			g = l.claim("file "+f, g)
		}
	}
	l.names(d.images, g)
	g = g.root()
	if composed(d) {
		l.compose(d, g)
		g = g.root()
	}
	if d.Kind != model.Tag && uploads(d) && !slices.Contains(g.pushes, d) {
		g.pushes = append(g.pushes, d)
	}
}

// uploads says whether a copy ends in a registry.
func uploads(d *deed) bool {
	return d.Pushes || slices.ContainsFunc(d.Images, func(r model.Ref) bool { return r.By != model.ByFile })
}

// onlyOf returns the image of a repository, if the pipeline builds one.
func (l *linker) onlyOf(repo string) *group {
	if repo == "" || unclear(repo) {
		return nil
	}
	var only *group
	for _, g := range l.repos[repo] {
		if only != nil && only != g.root() {
			return nil
		}
		only = g.root()
	}
	return only
}

// joinTests joins builds that only test with the one that pushes the same
// repository: a build with load, a scan, and then the build that pushes.
func (l *linker) joinTests() {
	for _, d := range l.groups {
		for _, n := range slices.Concat(imagesOf(d)...) {
			l.joinTest(n.repo)
		}
	}
}

func imagesOf(g *group) [][]name {
	var out [][]name
	for _, b := range g.builds {
		out = append(out, b.images)
	}
	return out
}

func (l *linker) joinTest(repo string) {
	var pushing, testing []*group
	for _, g := range l.repos[repo] {
		g = g.root()
		list := &testing
		if len(g.pushes) > 0 {
			list = &pushing
		}
		if !slices.Contains(*list, g) {
			*list = append(*list, g)
		}
	}
	if len(pushing) != 1 {
		return
	}
	for _, g := range testing {
		if before(g.main(), pushing[0].main()) {
			unite(pushing[0], g)
		}
	}
}

// before says whether a build may come before another one.
func before(a, b *deed) bool {
	if a.job == b.job {
		return a.at < b.at
	}
	return !slices.Contains(a.job.Needs, b.job.ID)
}

// push adds an upload to the image that it uploads. An image that nobody builds
// here begins with its upload.
func (l *linker) push(d *deed) {
	if !uploads(d) {
		return
	}
	hit := false
	for _, n := range d.images {
		g, _, level := l.find(n)
		if level == 0 {
			g = l.onlyOf(n.repo)
		}
		if g == nil {
			continue
		}
		hit = true
		l.pushed(d, n, g.root())
	}
	if hit || l.source(d) != nil { // rename has it
		return
	}
	g := &group{builds: []*deed{d}, pushes: []*deed{d}}
	l.groups = append(l.groups, g)
	l.pushed(d, name{}, g)
}

func (l *linker) pushed(d *deed, n name, g *group) {
	for _, s := range d.Digests {
		g = l.claim("digest "+s, g)
	}
	for _, s := range d.Names {
		g = l.claim("symbol "+s, g)
	}
	if n.text != "" || n.file != "" {
		l.names([]name{n}, g)
	} else {
		l.names(d.images, g)
	}
	if g = g.root(); !slices.Contains(g.pushes, d) {
		g.pushes = append(g.pushes, d)
	}
}

// Levels of a match, the better the higher.
const (
	matchRepository = 1 + iota // the repository is the same, and nothing says that the image is not
	matchText                  // the name is the same, with its tag
	matchOutput                // it is an output of the build, or the file that it wrote
)

// find returns the image that a name is the name of.
func (l *linker) find(n name) (g *group, traced bool, level int) {
	for _, key := range []string{"digest " + n.digest, "digest " + n.symbol, "file " + n.file} {
		if g, ok := l.keys[key]; ok && !strings.HasSuffix(key, " ") {
			return g.root(), true, matchOutput
		}
	}
	if fixedDigest.MatchString(n.digest) {
		return nil, false, 0 // a digest that was known before the build
	}
	if g, ok := l.keys["symbol "+n.symbol]; ok && n.symbol != "" {
		return g.root(), n.digest != "", matchText
	}
	if g, ok := l.keys["text "+n.text]; ok && n.text != "" {
		return g.root(), false, matchText
	}
	if g := l.asked(n); g != nil {
		return g, false, matchText
	}
	g = l.onlyOf(n.repo)
	if g == nil || n.digest == "" && !g.takes(n) {
		return nil, false, 0
	}
	return g, false, matchRepository
}

// takes says whether a name of the same repository may be one of an image,
// because not all of its tags are known.
func (g *group) takes(n name) bool {
	if n.repo == "" || unclear(n.repo) || n.tag == "" && n.symbol != "" {
		return false
	}
	for _, b := range slices.Concat(g.builds, g.pushes) {
		for i, have := range b.images {
			if have.repo != n.repo {
				continue
			}
			if open(have.tag) || open(n.tag) || have.tag == "" && b.Images[i].By == model.ByName && tagsItself(b.Tool) {
				return true
			}
		}
	}
	return false
}

// tagsItself says of a tool that it chooses the tags.
func tagsItself(tool string) bool {
	switch tool {
	case "docker", "podman", "buildah", "nerdctl":
		return false
	}
	return true
}

// asked looks into a command that asks for a digest: in
// ${(crane digest ghcr.io/shop/app:1)} the image is its argument.
func (l *linker) asked(n name) *group {
	for _, symbol := range []string{n.digest, n.symbol} {
		inner, ok := strings.CutPrefix(symbol, "(")
		if !ok || !strings.Contains(inner, "digest") && !strings.Contains(inner, "inspect") && !strings.Contains(inner, "Digest") {
			continue
		}
		for _, word := range strings.Fields(strings.TrimSuffix(inner, ")"))[1:] {
			word = strings.Trim(word, `"'`)
			if word == "" || word[0] == '-' {
				continue
			}
			arg := parse(model.Ref{Text: word})
			if g, ok := l.keys["text "+arg.text]; ok && arg.text != "" {
				return g.root()
			}
		}
	}
	return nil
}

// use adds a deed to all images that it is about.
func (l *linker) use(d *deed) bool {
	if g := l.own(d); g != nil {
		g.add(use{deed: d, ref: firstRef(d), traced: true, level: matchOutput})
		return true
	}
	best := map[*group]use{}
	var order []*group
	for i, n := range d.images {
		g, traced, level := l.find(n)
		if level == 0 || g.isList && partial(g, n) {
			continue
		}
		if _, ok := best[g]; !ok {
			order = append(order, g)
		}
		if u := (use{deed: d, ref: d.Images[i], traced: traced, level: level}); better(u, best[g]) {
			best[g] = u
		}
	}
	for _, g := range order {
		g.add(best[g])
	}
	return len(order) > 0
}

// maxUses bounds what is joined with one image. What is beyond it is as if it
// were not done, so that nobody passes because of it.
const maxUses = 200

func (g *group) add(u use) {
	if len(g.uses) < maxUses {
		g.uses = append(g.uses, u)
	}
}

func better(a, b use) bool {
	return b.deed == nil || cmp.Or(cmp.Compare(a.level, b.level), cmp.Compare(rank(a.ref.By), rank(b.ref.By))) > 0
}

func rank(by string) int {
	return slices.Index([]string{model.ByUnknown, model.ByName, model.ByTag, model.ByTagAndDigest, model.ByDigest}, by)
}

// partial says whether a name is that of one platform of a list.
func partial(g *group, n name) bool {
	return slices.Contains(g.partials, n.digest) || slices.Contains(g.partials, n.symbol)
}

// own returns the image of the command that also does this: the attestations
// that a build makes of what it builds.
func (l *linker) own(d *deed) *group {
	if d.Method != "buildx" {
		return nil
	}
	return l.steps[stepPlace{d.step, d.Place}]
}

func firstRef(d *deed) model.Ref {
	if len(d.Images) > 0 {
		return d.Images[0]
	}
	return model.Ref{By: model.ByUnknown}
}

// maxOther bounds what is listed of one image that is not certain to be about it.
const maxOther = 50

// others adds a deed that is about no image of the pipeline to those that were
// built before it: it may be meant for them.
func (l *linker) others(d *deed) {
	for _, id := range slices.Concat([]string{d.job.ID}, d.job.Needs) {
		for _, g := range l.jobs[id] {
			if len(g.other) < maxOther {
				g.other = append(g.other, d)
			}
		}
	}
}

// unseen lists the parts that nobody can see and that may be about an image:
// those of its job, of jobs after it, and of the whole pipeline.
func (l *linker) unseen(p *model.Pipeline) {
	needs := map[string][]string{}
	for _, j := range p.Jobs {
		needs[j.ID] = j.Needs
	}
	alive := l.alive()
	for i, u := range p.Unseen {
		if len(u.May) > 0 && !slices.ContainsFunc(u.May, func(k model.Kind) bool { return used(k) || k == model.Push }) {
			continue
		}
		for _, g := range alive {
			job := g.main().job.ID
			if len(g.unseen) >= maxOther {
				continue
			}
			if u.Job == "" || u.Job == job || slices.Contains(needs[u.Job], job) {
				g.unseen = append(g.unseen, i)
			}
		}
	}
}

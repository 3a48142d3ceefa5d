package dataset

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestReadOmniglot(t *testing.T) {
	f := realFolder(t, "omniglot")
	background := must[*Set](t)(ReadBackground(t.Context(), f, AlphabetOptions{}))
	evaluation := must[*Set](t)(ReadEvaluation(t.Context(), f, AlphabetOptions{}))
	if n, c, g := len(background.Items), len(background.Classes), len(background.Groups()); n != 19280 || c != 964 || g != 30 {
		t.Errorf("background: %d drawings of %d characters of %d alphabets, want 19280 of 964 of 30", n, c, g)
	}
	if d := background.Drawers(); len(d) != 20 || d[0] != 1 || d[19] != 20 {
		t.Errorf("drawers %v, want 1 to 20", d)
	}
	if err := Leak(background, evaluation); err != nil {
		t.Errorf("Leak(background, evaluation) = %v, want nil", err)
	}
}

// written saves a small set as a folder and returns it with the folder's files.
func written(t testing.TB) (*Set, fstest.MapFS) {
	t.Helper()
	s := generate(t, GenerateOptions{Alphabets: 2, Characters: 3, Drawers: 4, Seed: 1})
	dir := filepath.Join(t.TempDir(), "set")
	if err := WriteAlphabets(t.Context(), s, dir); err != nil {
		t.Fatal(err)
	}
	return s, filesIn(t, dir)
}

func filesIn(t testing.TB, dir string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := must[string](t)(filepath.Rel(dir, path))
		files[filepath.ToSlash(name)] = &fstest.MapFile{Data: must[[]byte](t)(os.ReadFile(path))}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestAlphabetsAreReadAsTheyWereWritten(t *testing.T) {
	want, files := written(t)
	got := must[*Set](t)(ReadAlphabets(t.Context(), Folder{FS: files, Path: "set"}, AlphabetOptions{}))
	if diff := cmp.Diff(want.Classes, got.Classes); diff != "" {
		t.Errorf("classes (-want +got):\n%s", diff)
	}
	for i, it := range want.Items {
		g := got.Items[i]
		if g.Label != it.Label || g.Drawer != it.Drawer || !cmp.Equal(g.Image, it.Image) {
			t.Fatalf("item %d = label %d, drawer %d, want label %d, drawer %d and the same image", i, g.Label, g.Drawer, it.Label, it.Drawer)
		}
	}
	if got.Items[0].Source != "set/Generated001/character01/0001_01.png" {
		t.Errorf("source = %s, want set/Generated001/character01/0001_01.png", got.Items[0].Source)
	}
}

func TestArchivesAreReadLikeFolders(t *testing.T) {
	want, files := written(t)
	dir := t.TempDir()
	names := slices.Sorted(maps.Keys(files))
	for name, pack := range map[string]func(*bytes.Buffer){
		"set.tar.gz": func(b *bytes.Buffer) {
			z := gzip.NewWriter(b)
			w := tar.NewWriter(z)
			for _, n := range names {
				header := tar.Header{Name: "./omniglot/images_background/" + n, Typeflag: tar.TypeReg, Size: int64(len(files[n].Data))}
				w.WriteHeader(&header)
				w.Write(files[n].Data)
			}
			w.Close()
			z.Close()
		},
		"set.zip": func(b *bytes.Buffer) {
			w := zip.NewWriter(b)
			for _, n := range names {
				f := must[interface{ Write([]byte) (int, error) }](t)(w.Create("omniglot/images_background/" + n))
				f.Write(files[n].Data)
			}
			w.Close()
		},
	} {
		var packed bytes.Buffer
		pack(&packed)
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, packed.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		got := must[*Set](t)(ReadBackground(t.Context(), must[Folder](t)(OpenFolder(path)), AlphabetOptions{}))
		if !cmp.Equal(got.Classes, want.Classes) || !cmp.Equal(got.Items[7].Image, want.Items[7].Image) {
			t.Errorf("%s: classes %v, want %v", name, got.Classes, want.Classes)
		}
		cut := filepath.Join(dir, "cut-"+name)
		if err := os.WriteFile(cut, packed.Bytes()[:packed.Len()*2/3], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenFolder(cut); err == nil || !strings.Contains(err.Error(), "damaged or cut short") {
			t.Errorf("OpenFolder(%s) = %v, want an error about damage", cut, err)
		}
	}
}

func TestReadAlphabetsNamesWhatIsWrong(t *testing.T) {
	const first = "Generated001/character02/0002_03.png"
	for name, c := range map[string]struct {
		spoil func(fstest.MapFS)
		want  string
	}{
		"a drawing is missing": {func(f fstest.MapFS) { delete(f, first) },
			"read set/Generated001/character02: it has 3 drawings where the others have 4: fetch the data again"},
		"a character is missing": {func(f fstest.MapFS) { drop(f, "Generated001/character02/") },
			"read set/Generated001: character02 is missing: fetch the data again"},
		"one character": {func(f fstest.MapFS) { drop(f, "Generated002/character02/"); drop(f, "Generated002/character03/") },
			"read set/Generated002: an alphabet with one character has nothing to tell it from"},
		"a truncated image": {func(f fstest.MapFS) { f[first].Data = f[first].Data[:60] },
			"read set/" + first + ": the PNG is damaged or cut short"},
		"not an image": {func(f fstest.MapFS) { f[first].Data = []byte("<html>not found</html>") },
			"read set/" + first + ": not an image"},
		"empty character": {func(f fstest.MapFS) {
			drop(f, "Generated001/character02/")
			f["Generated001/character02/readme.txt"] = &fstest.MapFile{}
		}, "read set/Generated001/character02: the character has no drawings"},
		"empty folder":     {func(f fstest.MapFS) { clear(f) }, "read set: it holds no alphabets"},
		"empty alphabet":   {func(f fstest.MapFS) { f["Empty/readme.txt"] = &fstest.MapFile{} }, "read set/Empty: the alphabet is empty"},
		"identity folders": {func(f fstest.MapFS) { f["Anna/1.png"] = f[first] }, "is set a folder of identities?"},
	} {
		_, files := written(t)
		c.spoil(files)
		_, err := ReadAlphabets(t.Context(), Folder{FS: files, Path: "set", Strict: true}, AlphabetOptions{})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error = %v, want one line with %q", name, err, c.want)
		}
	}
}

func drop(files fstest.MapFS, prefix string) {
	for name := range files {
		if strings.HasPrefix(name, prefix) {
			delete(files, name)
		}
	}
}

func TestReadAlphabetsTakesAnIncompleteCopyWhenAsked(t *testing.T) {
	_, files := written(t)
	delete(files, "Generated001/character02/0002_03.png")
	drop(files, "Generated001/character01/")
	drop(files, "Generated002/character02/")
	drop(files, "Generated002/character03/")
	s := must[*Set](t)(ReadAlphabets(t.Context(), Folder{FS: files, Path: "set"}, AlphabetOptions{Incomplete: true}))
	if len(s.Classes) != 2 || len(s.Items) != 7 {
		t.Errorf("%d classes of %d drawings, want 2 of 7", len(s.Classes), len(s.Items))
	}
}

// recorder is a file system that remembers what was opened.
type recorder struct {
	fs.FS
	mu     sync.Mutex
	opened []string
}

func (r *recorder) Open(name string) (fs.File, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.opened = append(r.opened, name)
	return r.FS.Open(name)
}

func TestReadBackgroundNeverOpensTheEvaluationHalf(t *testing.T) {
	_, files := written(t)
	for _, prefix := range []string{"", "omniglot/"} {
		both := fstest.MapFS{}
		for name, file := range files {
			both[prefix+"images_background/"+name] = file
			both[prefix+"images_evaluation/"+strings.ReplaceAll(name, "Generated", "Judging")] = file
		}
		r := &recorder{FS: both}
		s := must[*Set](t)(ReadBackground(t.Context(), Folder{FS: r, Path: "data"}, AlphabetOptions{}))
		if len(s.Items) != 24 || len(r.opened) < 24 {
			t.Fatalf("%d items after opening %d files, want 24 items", len(s.Items), len(r.opened))
		}
		for _, name := range r.opened {
			if strings.Contains(name, "images_evaluation") {
				t.Errorf("ReadBackground opened %s", name)
			}
		}
	}
	judging := Folder{FS: files, Path: "data/images_evaluation"}
	if _, err := ReadBackground(t.Context(), judging, AlphabetOptions{}); err == nil || !strings.Contains(err.Error(), "only judges") {
		t.Errorf("ReadBackground of images_evaluation = %v, want a refusal", err)
	}
	half := fstest.MapFS{"images_evaluation/A/a/1_01.png": files["Generated001/character01/0001_01.png"]}
	_, err := ReadBackground(t.Context(), Folder{FS: half, Path: "data"}, AlphabetOptions{})
	if err == nil || !strings.Contains(err.Error(), "it has images_evaluation but no images_background") {
		t.Errorf("ReadBackground without its half = %v, want an error that says so", err)
	}
}

func TestReadIdentities(t *testing.T) {
	_, drawings := written(t)
	png := drawings["Generated001/character01/0001_01.png"]
	files := fstest.MapFS{"anna/1.png": png, "anna/2.png": png, "ben/x.PNG": png, "ben/notes.txt": {Data: []byte("notes")}, ".cache/y.png": png}
	s := must[*Set](t)(ReadIdentities(t.Context(), Folder{FS: files, Path: "people"}))
	if diff := cmp.Diff([]Class{{Name: "anna"}, {Name: "ben"}}, s.Classes); diff != "" || len(s.Items) != 3 || s.Items[2].Label != 1 {
		t.Errorf("%d items, classes (-want +got):\n%s", len(s.Items), diff)
	}
	for want, files := range map[string]fstest.MapFS{
		"holds no images":                                {"readme.txt": {Data: []byte("read me")}},
		"holds images of one identity":                   {"anna/1.png": png, "anna/2.png": png},
		"Greek: it holds folders where images should be": {"Latin/a/1.png": png, "Greek/a/1.png": png},
		"parts of a data set, such as test":              {"train/anna/1.png": png, "test/ben/1.png": png},
		"people/anna/1.png: the PNG is damaged":          {"anna/1.png": {Data: png.Data[:50]}, "ben/1.png": png},
	} {
		_, err := ReadIdentities(t.Context(), Folder{FS: files, Path: "people"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want %q", err, want)
		}
	}
}

func TestReadIdentitiesByTheNamesOfFiles(t *testing.T) {
	_, drawings := written(t)
	png := drawings["Generated001/character01/0001_01.png"]
	want := []Class{{Name: "Ada_King"}, {Name: "Bo"}}
	for layout, files := range map[string]fstest.MapFS{
		"together":        {"Ada_King_0001.png": png, "Ada_King_0002.png": png, "Bo_f7.png": png},
		"in their folder": {"faces/Ada_King_0001.png": png, "faces/Ada_King_0002.png": png, "faces/Bo_1.png": png, "lists/a.txt": {}},
	} {
		f := Folder{FS: files, Path: "people"}
		s := must[*Set](t)(ReadIdentities(t.Context(), f))
		if diff := cmp.Diff(want, s.Classes); diff != "" || len(s.Items) != 3 || s.Items[1].Label != 0 || s.Items[2].Label != 1 {
			t.Errorf("%s: %d items, classes (-want +got):\n%s", layout, len(s.Items), diff)
		}
		if again := must[*Set](t)(ReadLabelled(t.Context(), f, AlphabetOptions{})); len(again.Classes) != 2 {
			t.Errorf("%s: ReadLabelled = %d classes, want 2", layout, len(again.Classes))
		}
	}
}

func writtenRuns(t testing.TB) ([]Run, fstest.MapFS) {
	t.Helper()
	s := generate(t, GenerateOptions{Alphabets: 2, Characters: 5, Drawers: 3, Seed: 4})
	e := must[*EpisodeSampler](t)(NewEpisodeSampler(s, EpisodeOptions{Ways: 5, Shots: 1, Queries: 1, WithinGroup: true, ByDrawer: true}))
	runs := e.Runs(3)
	dir := filepath.Join(t.TempDir(), "runs")
	if err := WriteRuns(t.Context(), runs, dir); err != nil {
		t.Fatal(err)
	}
	return runs, filesIn(t, dir)
}

func TestRunsAreReadAsTheyWereWritten(t *testing.T) {
	want, files := writtenRuns(t)
	f := Folder{FS: files, Path: "runs"}
	if !IsRuns(f) {
		t.Error("IsRuns = false, want true")
	}
	got := must[Runs](t)(ReadRuns(t.Context(), f)).Runs
	if len(got) != 3 {
		t.Fatalf("%d runs, want 3", len(got))
	}
	for r := range want {
		if got[r].Name != want[r].Name {
			t.Errorf("run %d is called %s, want %s", r, got[r].Name, want[r].Name)
		}
		for i := range 5 {
			g, w := got[r], want[r]
			if !cmp.Equal(g.Support[i].Image, w.Support[i].Image) || !cmp.Equal(g.Query[i].Image, w.Query[i].Image) || g.Query[i].Label != w.Query[i].Label {
				t.Fatalf("run %d, image %d: answer %d, want %d and the same images", r, i, g.Query[i].Label, w.Query[i].Label)
			}
		}
	}
	moved := fstest.MapFS{}
	for name, file := range files {
		moved["all_runs/"+name] = file
	}
	if again, err := ReadRuns(t.Context(), Folder{FS: moved, Path: "runs"}); err != nil || len(again.Runs) != 3 {
		t.Errorf("ReadRuns under all_runs = %d runs, %v, want 3", len(again.Runs), err)
	}
}

func TestReadRunsNamesWhatIsWrong(t *testing.T) {
	const labels = "run02/class_labels.txt"
	for name, c := range map[string]struct {
		spoil func(fstest.MapFS)
		want  string
	}{
		"no labels":       {func(f fstest.MapFS) { delete(f, labels) }, "read runs/" + labels + ": file does not exist"},
		"a support lost":  {func(f fstest.MapFS) { delete(f, "run02/training/class03.png") }, "names run02/training/class03.png, which is not there"},
		"a test lost":     {func(f fstest.MapFS) { delete(f, "run02/test/item03.png") }, "class_labels.txt has 5 lines for 4 test images"},
		"a line cut":      {func(f fstest.MapFS) { f[labels].Data = f[labels].Data[:40] }, "line 1"},
		"an odd line":     {func(f fstest.MapFS) { f[labels].Data = []byte("hello\n") }, "line 1: want a test file and a training file"},
		"a way out":       {func(f fstest.MapFS) { f[labels].Data = []byte("../../secret run02/training/class01.png\n") }, "line 1: want a test file"},
		"no training":     {func(f fstest.MapFS) { drop(f, "run02/training/") }, "read runs/run02/training: file does not exist"},
		"nothing":         {func(f fstest.MapFS) { clear(f) }, "read runs: it holds no runs"},
		"a damaged image": {func(f fstest.MapFS) { f["run02/test/item03.png"].Data = nil }, "read runs/run02/test/item03.png: the file is empty"},
	} {
		_, files := writtenRuns(t)
		c.spoil(files)
		_, err := ReadRuns(t.Context(), Folder{FS: files, Path: "runs", Strict: true})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error = %v, want one line with %q", name, err, c.want)
		}
	}
}

func TestARunWithADamagedImageIsLeftOutWhole(t *testing.T) {
	for _, damaged := range []string{"run02/test/item03.png", "run02/training/class01.png"} {
		_, files := writtenRuns(t)
		files[damaged].Data = []byte("\x89PNG\r\n\x1a\nand no more")
		files["run01/training/Thumbs.db"] = &fstest.MapFile{Data: []byte("no image")}
		files["readme.png"] = files["run01/test/item01.png"]
		got := must[Runs](t)(ReadRuns(t.Context(), Folder{FS: files, Path: "runs"}))
		if len(got.Runs) != 2 || got.Runs[1].Name != "run03" || len(got.Failed) != 1 || got.Failed[0].File != damaged || !slices.Equal(got.Left, []string{"run02"}) {
			t.Errorf("%s: %d runs, failed %v, left out %v, want run01 and run03", damaged, len(got.Runs), got.Failed, got.Left)
		}
		want := []Skipped{{"run01/training/Thumbs.db", whyNoImage}, {"readme.png", "an image of no run"}}
		if diff := cmp.Diff(want, got.Skipped); diff != "" {
			t.Errorf("skipped (-want +got):\n%s", diff)
		}
	}
}

func TestOpenFolderNamesWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "data.txt")
	if err := os.WriteFile(text, []byte("no archive"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none"): "there is no such folder or archive",
		text:                       "it is a text: want a folder, or a .zip, .tar or .tar.gz",
	} {
		if _, err := OpenFolder(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), want) {
			t.Errorf("OpenFolder(%s) = %v, want %q", path, err, want)
		}
	}
}

func TestWritersLeaveNothingHalfDone(t *testing.T) {
	s := generate(t, GenerateOptions{Alphabets: 1, Characters: 2, Drawers: 2})
	dir := t.TempDir()
	if err := WriteAlphabets(t.Context(), s, dir); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("WriteAlphabets over a folder = %v, want a refusal", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := WriteAlphabets(ctx, s, filepath.Join(dir, "new")); !errors.Is(err, context.Canceled) {
		t.Errorf("WriteAlphabets after cancel = %v, want context canceled", err)
	}
	if left := must[[]os.DirEntry](t)(os.ReadDir(dir)); len(left) != 0 {
		t.Errorf("left behind: %v, want nothing", left)
	}
}

func TestReadersStopWithTheContext(t *testing.T) {
	_, files := written(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ReadAlphabets(ctx, Folder{FS: files, Path: "set"}, AlphabetOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("ReadAlphabets after cancel = %v, want context canceled", err)
	}
}

// FuzzReadRuns: whatever class_labels.txt says, the answers that come out name support images.
func FuzzReadRuns(f *testing.F) {
	_, files := writtenRuns(f)
	f.Add(files["run01/class_labels.txt"].Data)
	f.Add([]byte("run01/test/item01.png run01/training/class02.png\r\n\n"))
	f.Fuzz(func(t *testing.T, labels []byte) {
		spoiled := maps.Clone(files)
		spoiled["run01/class_labels.txt"] = &fstest.MapFile{Data: labels}
		read, err := ReadRuns(t.Context(), Folder{FS: spoiled, Path: "runs"})
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has more than one line: %q", err)
			}
			return
		}
		for _, q := range read.Runs[0].Query {
			if q.Label < 0 || q.Label >= len(read.Runs[0].Support) {
				t.Errorf("answer %d of %d", q.Label, len(read.Runs[0].Support))
			}
		}
	})
}

// FuzzReadAlphabets: whatever the names of a folder's files, a set comes out sound or not at all.
func FuzzReadAlphabets(f *testing.F) {
	_, files := written(f)
	png := files["Generated001/character01/0001_01.png"]
	f.Add("A/character01/0001_01.png", "A/character02/0001_99999999999999999999.png")
	f.Add("A/b/_.png", "A/c/0_-1.gif")
	f.Add("A.png", "A/b.png")
	f.Fuzz(func(t *testing.T, one, two string) {
		if !fs.ValidPath(one) || !fs.ValidPath(two) {
			return
		}
		s, err := ReadAlphabets(t.Context(), Folder{FS: fstest.MapFS{one: png, two: png}, Path: "set"}, AlphabetOptions{})
		if err == nil {
			if err := s.Check(); err != nil {
				t.Errorf("files %q and %q make an unsound set: %v", one, two, err)
			}
		}
	})
}

// FuzzArchive: a damaged tar is an error or a file system, never a panic.
func FuzzArchive(f *testing.F) {
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	w.WriteHeader(&tar.Header{Name: "A/b/c.png", Typeflag: tar.TypeReg, Size: 3})
	fmt.Fprint(w, "abc")
	w.Close()
	f.Add(packed.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		fsys, _, err := tarFS(bytes.NewReader(data))
		if err == nil {
			_, err = ReadAlphabets(t.Context(), Folder{FS: fsys, Path: "set"}, AlphabetOptions{})
			if err == nil && !bytes.Contains(data, []byte("png")) {
				t.Error("a set out of nothing")
			}
		}
	})
}

// brokenFS panics when a file is opened.
type brokenFS struct{ fs.FS }

func (b brokenFS) Open(name string) (fs.File, error) {
	if strings.HasSuffix(name, ".png") {
		panic("a file system of the program's own")
	}
	return b.FS.Open(name)
}

func TestAFileSystemThatPanicsIsAnError(t *testing.T) {
	folder := Folder{FS: brokenFS{fstest.MapFS{"a/1.png": {}, "a/2.png": {}, "b/1.png": {}, "b/2.png": {}}}, Path: "broken"}
	if _, err := folder.ReadImages(t.Context(), []string{"a/1.png", "b/1.png"}); err == nil || !strings.Contains(err.Error(), "a file system of the program's own") {
		t.Errorf("reading images from a file system that panics: %v, want an error that says so", err)
	}
}

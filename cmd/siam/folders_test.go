package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// oddities makes a folder of five people with 26 images that count, as people, servers and cameras leave it, and lists what does not count.
func oddities(t *testing.T) (dir string, skipped map[string]string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "people")
	put := func(name string, content []byte) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, name string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Skip("no links here:", err)
		}
	}
	seed := uint64(0)
	draw := func(encode func(*bytes.Buffer, image.Image) error) []byte {
		t.Helper()
		seed++
		rng := rand.New(rand.NewPCG(seed, 0))
		m := image.NewGray(image.Rect(0, 0, 40, 40))
		for y := range 40 {
			for x := range 40 {
				m.SetGray(x, y, color.Gray{uint8(rng.IntN(256))})
			}
		}
		var b bytes.Buffer
		if err := encode(&b, m); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	asPNG := func() []byte {
		return draw(func(b *bytes.Buffer, m image.Image) error { return png.Encode(b, m) })
	}
	asJPEG := func() []byte {
		return draw(func(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) })
	}
	for _, name := range []string{
		"p0/0.png", "p0/1.PNG", "p0/2020/2.png", "p0/2020/may/3.png", "p0/4", "p0/is_png.jpg",
		"p1/0.png", "p1/1.png", "p1/caf\xe9.png", "p1/session2/3.png", "p1/session2/4.png", "p1/5.dat",
		"../elsewhere/p2/0.png", "../elsewhere/p2/1.png", "../elsewhere/p2/2.png", "../elsewhere/p2/3.png", "../elsewhere/p2/4.png",
		"../elsewhere/one.png", "p3/0.png", "p3/1.png", "p3/2.png",
	} {
		put(name, asPNG())
	}
	for _, name := range []string{"p3/3.jfif", "p3/4.JPEG", "p3/5.jpe"} {
		put(name, asJPEG())
	}
	link("../elsewhere/p2", "p2")
	link("../one.png", "../elsewhere/p2/linked.png")
	for _, name := range []string{"@eaDir/a.png", "p0/@eaDir/0.png/SYNOPHOTO_THUMB_S.png", "p0/.thumbnails/0.png", "__MACOSX/p0/._0.png", "p0/._0.png", ".git/x.png"} {
		put(name, asPNG())
	}
	put("Jose\u0301/0.png", asPNG()) // as macOS writes it
	put("Jos\u00e9/1.png", asPNG())
	put("p0/.DS_Store", []byte("\x00\x00\x00\x01Bud1"))
	put("p0/plain.txt", []byte("P2 is how this text begins"))
	put("p1/_MG_1.CR2", []byte("II*\x00\x10\x00\x00\x00CR\x02\x00"))
	put("p1/DSC_1.NEF", []byte("MM\x00*\x00\x00\x00\x08\x00\x00"))
	put("p1/L1.dng", []byte("II*\x00\x08\x00\x00\x00\x00\x00"))
	put("p3/photo.jpg.crdownload", asJPEG())
	put("p0/Thumbs.db", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"))
	put("p0/notes.txt", []byte("BM is how this text begins"))
	put("p3/6.HEIC", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic"))
	link("..", "p3/all")
	link("loop", "p3/loop")
	link("0.png", "p3/again.png")
	link("nowhere.png", "p3/broken.png")
	link("../..", "p3/around")
	if err := os.Mkdir(filepath.Join(dir, "lost+found"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "p9"), 0o755); err != nil {
		t.Fatal(err)
	}
	const raw = "a camera's raw picture is not read: convert it to PNG or JPEG"
	const twice, thumbs = "a link to what is read already", "a folder of thumbnails or of the system"
	return dir, map[string]string{
		"@eaDir": thumbs, "p0/@eaDir": thumbs, "__MACOSX": thumbs, "lost+found": thumbs, "p9": "an empty folder",
		"p0/.thumbnails": "hidden", "p0/._0.png": "hidden", ".git": "hidden", "p0/Thumbs.db": "not an image", "p0/notes.txt": "not an image",
		"p0/.DS_Store": "hidden", "p0/plain.txt": "not an image", "p1/_MG_1.CR2": raw, "p1/DSC_1.NEF": raw, "p1/L1.dng": raw,
		"p3/photo.jpg.crdownload": "a download that did not end: fetch it again",
		"p3/6.HEIC":               "HEIC is not read: convert it to PNG or JPEG", "p3/all": twice, "p3/around": twice, "p3/again.png": twice,
		"p3/loop": "a link that leads nowhere", "p3/broken.png": "a link that leads nowhere",
	}
}

// commandsOnFolders are all that read a folder of identities, and where their JSON counts what they used.
func commandsOnFolders(t *testing.T, dir string) map[string][]string {
	t.Helper()
	out := t.TempDir()
	model := filepath.Join("..", "..", "testdata", "strokes.safetensors")
	with := func(args ...string) []string { return append(args, "--model", model) }
	db := "sqlite:" + filepath.Join(out, "g.db")
	if code := run(t.Context(), with("gallery", "create", "--db", db, "--kind", "watch"), nil, io.Discard, os.Stderr); code != exitFine {
		t.Fatalf("gallery create: exit code %d", code)
	}
	return map[string][]string{
		"embed":          with("embed", dir),
		"cluster":        with("cluster", "--labels", "--data", dir),
		"map":            with("map", "--data", dir, "--out", filepath.Join(out, "map.svg"), "--method", "pca"),
		"eval verify":    with("eval", "verify", "--data", dir),
		"eval retrieval": with("eval", "retrieval", "--data", dir),
		"calibrate":      with("calibrate", "--data", dir, "--out", filepath.Join(out, "c.safetensors")),
		"gallery enroll": with("gallery", "enroll", "--db", db, "--data", dir),
		"train": {"train", "faces", "--data", dir, "--out", filepath.Join(out, "m.safetensors"), "--set", "size=32", "--set", "widths=[8,8]",
			"--set", "steps=2", "--set", "people=2", "--set", "trials=20", "--set", "every=2"},
	}
}

// refusesNoise says whether a command has no result here but an error: nothing is to be learned of noise.
func refusesNoise(name string) bool { return name == "train" || name == "calibrate" }

// ran is what a command did: what it skipped, and its exit code.
type ran struct {
	Skipped []struct{ File, Why string }
	Files   []string
	Images  any // how many, or a list
	IDs     int
	Queries int
	code    int
	stderr  string
}

func runOn(t *testing.T, args []string) ran {
	t.Helper()
	var stdout, stderr bytes.Buffer
	r := ran{}
	r.code = run(t.Context(), append(args, "--json"), nil, &stdout, &stderr)
	r.stderr = stderr.String()
	if err := json.Unmarshal(stdout.Bytes(), &r); err != nil && stdout.Len() > 0 {
		t.Fatalf("siam %s: %v in %s", args, err, stdout.String())
	}
	return r
}

func TestAllCommandsTakeTheSameOfAFolder(t *testing.T) {
	dir, want := oddities(t)
	for name, args := range commandsOnFolders(t, dir) {
		t.Run(name, func(t *testing.T) {
			r := runOn(t, args)
			got := map[string]string{}
			for _, s := range r.Skipped {
				got[strings.TrimPrefix(s.File, dir+"/")] = s.Why // embed names files as its arguments do
			}
			if diff := cmp.Diff(want, got); !refusesNoise(name) && (diff != "" || r.code != exitFine) {
				t.Errorf("exit code %d, skipped (-want +got):\n%s%s", r.code, diff, r.stderr)
			}
			if !strings.Contains(r.stderr, "skipped ") || !strings.Contains(strings.ReplaceAll(r.stderr, dir+"/", ""), "3 not an image (p0/Thumbs.db, p0/notes.txt, p0/plain.txt)") {
				t.Errorf("stderr = %s, want a line that counts what is skipped", r.stderr)
			}
			const images = 26
			list, _ := r.Images.([]any)
			counts := map[string]bool{
				"embed": len(r.Files) == images, "map": r.Images == float64(images), "cluster": true, "eval retrieval": r.Queries == images, "eval verify": true,
				"calibrate": true, "gallery enroll": len(list) == images && r.IDs == 5, "train": strings.Contains(r.stderr, "26 images of 5 identities"),
			}
			if !counts[name] {
				t.Errorf("%d files, images %v, %d ids, %d queries, want 26 of 5: %s", len(r.Files), r.Images, r.IDs, r.Queries, r.stderr)
			}
		})
	}
}

func TestADamagedFileIsLeftOutOfEveryCommand(t *testing.T) {
	dir, _ := oddities(t)
	bad := filepath.Join(dir, "p3", "z.png")
	if err := os.WriteFile(bad, []byte("\x89PNG\r\n\x1a\nand no more"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, args := range commandsOnFolders(t, dir) {
		t.Run(name, func(t *testing.T) {
			r := runOn(t, args)
			named := refusesNoise(name) && strings.Contains(r.stderr, "p3/z.png: the PNG is damaged")
			for _, s := range r.Skipped {
				named = named || strings.HasSuffix(s.File, "p3/z.png") && strings.Contains(s.Why, "the PNG is damaged")
			}
			if r.code != exitFailed || !named || !strings.Contains(r.stderr, "left out: ") || !refusesNoise(name) && !strings.Contains(r.stderr, "siam: 1 of 27 files could not be read") {
				t.Errorf("exit code %d, named %v, want %d and the rest done: %s", r.code, named, exitFailed, r.stderr)
			}
			strict := runOn(t, append(args, "--strict"))
			if strict.code != exitFailed || len(strict.Skipped) > 0 || !strings.Contains(strict.stderr, "p3/z.png: the PNG is damaged") {
				t.Errorf("--strict: exit code %d, want %d, at once: %s", strict.code, exitFailed, strict.stderr)
			}
		})
	}
}

func TestFilesOfOneNameAreBothKept(t *testing.T) {
	files := map[string]string{}
	for _, file := range []string{"a-1.png", "a/1.png", "a/1.png", "b.png"} {
		files[nameAmong(files, file)] = file
	}
	want := map[string]string{"a-1.png": "a-1.png", "a-1 (2).png": "a/1.png", "b.png": "b.png"}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("names in a group (-want +got):\n%s", diff)
	}
}

func TestNamesThatDifferInCaseAreNoted(t *testing.T) {
	dir, _ := oddities(t)
	if err := os.Rename(filepath.Join(dir, "p1"), filepath.Join(dir, "P0")); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(filepath.Join(dir, "P0")); err != nil || len(entries) < 6 {
		t.Skip("this file system does not tell p0 from P0")
	}
	for name, args := range commandsOnFolders(t, dir) {
		if name == "embed" || name == "map" { // they tell no identities
			continue
		}
		t.Run(name, func(t *testing.T) {
			if r := runOn(t, args); !strings.Contains(r.stderr, "note: P0 and p0 differ in the case of letters only, and count as two") {
				t.Errorf("stderr = %s, want a note on P0 and p0", r.stderr)
			}
		})
	}
}

func TestAFolderWhoseNameCanBeNoIDIsSkipped(t *testing.T) {
	dir, _ := oddities(t)
	if err := os.Rename(filepath.Join(dir, "p1"), filepath.Join(dir, "be\x07ll")); err != nil {
		t.Skip("no such names here:", err)
	}
	r := runOn(t, commandsOnFolders(t, dir)["gallery enroll"])
	skipped := 0
	for _, s := range r.Skipped {
		if strings.HasPrefix(s.File, "be\x07ll/") && strings.Contains(s.Why, "holds a control character") {
			skipped++
		}
	}
	if r.code != exitFine || r.IDs != 4 || skipped != 6 {
		t.Errorf("exit code %d, %d ids, %d images skipped, want %d, 4 and 6: %s", r.code, r.IDs, skipped, exitFine, r.stderr)
	}
}

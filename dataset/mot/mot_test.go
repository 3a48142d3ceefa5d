package mot

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func read(t *testing.T, path string, kind Kind) []Sequence {
	t.Helper()
	all, err := Read(path, kind)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestFormatsAreToldApart(t *testing.T) {
	dir := write(t, map[string]string{
		"MOT15.txt": "2,1,10,20,30,40,0,4.5,5.5,0\n1,1,11,21,31,41,1,4,5,0\n",
		"MOT16.txt": "1,1,10,20,30,40,1,1,0.5\n1,2,10,20,30,40,0,12,0.25\n",
		"KITTI.txt": "0 3 Pedestrian 0 0 -1.5 10 20 40 60 1 1 1 1 1 1 1\n0 -1 DontCare -1 -1 -10 1 2 3 4 -1 -1 -1 -1 -1 -1 -1\n",
		"COCO.json": `{"videos":[{"id":4,"name":"V"}],"images":[{"id":9,"video_id":4,"frame_id":0},{"id":8,"video_id":4,"frame_id":1}],
			"categories":[{"id":7,"name":"Person"}],"annotations":[{"image_id":8,"track_id":5,"category_id":7,"bbox":[10,20,30,40],"score":0.5}]}`,
	})
	box := Box{10, 20, 30, 40}
	want := map[string][]Row{
		"MOT15": {{1, 1, Box{11, 21, 31, 41}, 1, "", 2}, {2, 1, box, 0, "", 1}},
		"MOT16": {{1, 1, box, 1, "pedestrian", 1}, {1, 2, box, 0, "reflection", 2}},
		"KITTI": {{1, 3, box, 1, "pedestrian", 1}},
		"V":     {{2, 5, box, 0.5, "person", 1}},
	}
	got := map[string][]Row{}
	for _, s := range read(t, dir, Truth) {
		got[s.Name] = s.Rows
		if s.Name == "KITTI" && len(s.Ignore) != 1 {
			t.Errorf("KITTI has %d regions to ignore, want 1", len(s.Ignore))
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows differ (-want +got):\n%s", diff)
	}
}

func TestSequencesAreNamedByWhereTheyAre(t *testing.T) {
	dir := write(t, map[string]string{
		"A/gt/gt.txt": "1,1,1,2,3,4\n", "A/det/det.txt": "1,-1,1,2,3,4,9\n", "A/seqinfo.ini": "[Sequence]\nframeRate=25\nseqLength=7\nimDir=img1\n",
		"B/gt/gt.txt": "1,1,1,2,3,4\n", "B/readme.txt": "hello",
	})
	all := read(t, dir, Truth)
	if len(all) != 2 || all[0].Name != "A" || all[1].Name != "B" {
		t.Fatalf("sequences %v, want A and B", all)
	}
	if want := (Info{Frames: 7, Rate: 25, Images: "img1"}); all[0].Info != want {
		t.Errorf("Info = %+v, want %+v", all[0].Info, want)
	}
	one := read(t, filepath.Join(dir, "A/gt/gt.txt"), Truth)[0]
	if one.Name != "A" || one.Info.Frames != 7 {
		t.Errorf("one file is of %q with %d frames, want A with 7", one.Name, one.Info.Frames)
	}
	if det := read(t, dir, Detections); len(det) != 1 || det[0].Rows[0].Score != 9 {
		t.Errorf("detections %v, want those of A", det)
	}
}

func TestComplaintsNameTheLine(t *testing.T) {
	for content, want := range map[string]string{
		"1,1,1,2,3,4\n1,1,1\n": "line 2: 3 numbers",
		"1,1,1,2,three,4\n":    `line 1: "three" is not a number`,
		"1.5,1,1,2,3,4\n":      "frame 1.5, want a whole number",
		"{\"annotations\": 3}": "as COCO's JSON",
		"\x1f\x8bpacked":       "packed with gzip",
		"\xff\xfe1\x00,\x00":   "text in UTF-16",
		`[{"image_id":1,"track_id":"a","bbox":[1,2,3,4]}]`: "track_id is a string, which it cannot be",
		`[{"image_id":1,"bbox":[]}]`:                       "annotation 1: a bbox of 0 numbers",
	} {
		dir := write(t, map[string]string{"x.txt": content})
		if _, err := Read(filepath.Join(dir, "x.txt"), Tracks); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Read(%q) = %v, want %q", content, err, want)
		}
	}
	dir := write(t, map[string]string{"x.txt": "1,1,nan,2,3,4\n1,1,1,2,3,4,inf\n1,2,1,2,3,4\n"})
	if s := read(t, filepath.Join(dir, "x.txt"), Tracks)[0]; len(s.Bad) != 2 || len(s.Rows) != 1 {
		t.Errorf("%d bad rows and %d good ones, want 2 and 1", len(s.Bad), len(s.Rows))
	}
}

func TestPairsSayWhatIsMissing(t *testing.T) {
	some := func(names ...string) (all []Sequence) {
		for _, n := range names {
			all = append(all, Sequence{Name: n})
		}
		return all
	}
	if p, err := Pairs(some("gt"), some("mine"), nil); err != nil || len(p) != 1 {
		t.Errorf("two files: %v, %v, want a pair", p, err)
	}
	if _, err := Pairs(some("A", "B"), some("A", "C"), nil); err == nil || !strings.Contains(err.Error(), "no tracks of B") || !strings.Contains(err.Error(), "--seq A") {
		t.Errorf("a sequence without tracks: %v", err)
	}
	if p, err := Pairs(some("A", "B"), some("A", "C"), []string{"A"}); err != nil || len(p) != 1 {
		t.Errorf("the one that was asked for: %v, %v", p, err)
	}
}

func TestResultsOfCOCOFollowTheTruthsImages(t *testing.T) {
	dir := write(t, map[string]string{
		"gt.json": `{"videos":[{"id":1,"name":"A"},{"id":2,"name":"B"}],"images":[{"id":10,"video_id":1,"frame_id":1},{"id":20,"video_id":2,"frame_id":5}],
			"annotations":[{"image_id":10,"track_id":1,"bbox":[1,2,3,4]},{"image_id":20,"track_id":1,"bbox":[1,2,3,4]}]}`,
		"out.json": `[{"image_id":20,"track_id":3,"bbox":[1,2,3,4],"score":1}]`,
	})
	pairs, err := Pairs(read(t, filepath.Join(dir, "gt.json"), Truth), read(t, filepath.Join(dir, "out.json"), Tracks), nil)
	if err != nil || len(pairs) != 2 {
		t.Fatalf("Pairs = %v, %v, want two", pairs, err)
	}
	if rows := pairs[1].Tracks.Rows; len(rows) != 1 || rows[0].Frame != 5 || len(pairs[0].Tracks.Rows) != 0 {
		t.Errorf("rows of B: %v, want one in frame 5", rows)
	}
}

func TestWrittenRowsAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		s := Sequence{Name: "A"}
		for id := range rapid.IntRange(1, 5).Draw(t, "rows") {
			n := func(name string) float64 { return float64(rapid.IntRange(-9999, 9999).Draw(t, name)) / 64 }
			s.Rows = append(s.Rows, Row{Frame: rapid.IntRange(1, 9).Draw(t, "frame"), ID: id + 1, Box: Box{n("x"), n("y"), n("w"), n("h")}, Score: 0.5})
		}
		s.sorted()
		for _, format := range Formats {
			data, err := Format(s, format)
			if err != nil {
				t.Fatal(err)
			}
			again, err := parse(filepath.Join(dir, "A.txt"), data)
			if err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			near := cmpopts.EquateApprox(0, 2e-4)
			if diff := cmp.Diff(s.Rows, again[0].Rows, near, cmpopts.IgnoreFields(Row{}, "Line", "Label")); diff != "" {
				t.Fatalf("%s differs (-want +got):\n%s", format, diff)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("1,1,10,20,30,40,1,1,0.5\n"))
	f.Add([]byte("0 3 Pedestrian 0 0 -1.5 10 20 40 60 1 1 1 1 1 1 1\n"))
	f.Add([]byte(`{"images":[{"id":1}],"annotations":[{"image_id":1,"bbox":[1,2,3,4]}]}`))
	f.Add([]byte(`[{"image_id":1,"bbox":[1,2,3,4]}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := parse("x.txt", data)
		if err != nil {
			return
		}
		for _, s := range all {
			for _, r := range s.Rows {
				if !r.Box.Finite() {
					t.Fatalf("row %v of %q is not finite", r, data)
				}
			}
		}
	})
}

func TestNullIsNoNumberAndAHeaderIsNoRow(t *testing.T) {
	dir := write(t, map[string]string{
		"null.json": `[{"image_id":1,"bbox":[1,2,null,4],"score":0.5},{"image_id":1,"bbox":[1,2,3,4],"score":null},{"image_id":2,"bbox":[1,2,3,4]}]`,
		"head.txt":  "Frame,Id,X,Y,W,H,Score\n3,-1,1,2,3,4,0.5\n",
	})
	null := read(t, filepath.Join(dir, "null.json"), Detections)[0]
	if diff := cmp.Diff([]Row{{2, -1, Box{1, 2, 3, 4}, 1, "", 3}}, null.Rows); diff != "" || len(null.Bad) != 2 {
		t.Errorf("%d bad rows, want 2; %s", len(null.Bad), diff)
	}
	head := read(t, filepath.Join(dir, "head.txt"), Detections)[0]
	if diff := cmp.Diff([]Row{{3, -1, Box{1, 2, 3, 4}, 0.5, "", 2}}, head.Rows); diff != "" {
		t.Error(diff)
	}
	if err := os.WriteFile(filepath.Join(dir, "late.txt"), []byte("1,-1,1,2,3,4,0.5\nframe,id,x,y,w,h\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(filepath.Join(dir, "late.txt"), Detections); err == nil || !strings.Contains(err.Error(), "line 2: ") {
		t.Errorf("a header in the middle: %v, want that line 2 is wrong", err)
	}
}

func TestFramesAreNumberedAsTheRowsAre(t *testing.T) {
	for names, want := range map[string][3]int{ // first and last, and the number of the first file, for rows that begin at frame 1
		"000001 000002": {1, 2, 1},
		"000000 000001": {1, 2, 1},
		"f-7 f-9":       {7, 9, 7},
		"a b":           {1, 2, 1},
		"1403636579763555584 1403636579813555456": {1, 2, 1},
		"1700000001 1700000002":                   {1, 2, 1},
	} {
		files := map[string]string{}
		for _, name := range strings.Fields(names) {
			files[name+".jpg"] = name
		}
		images, err := OpenImages(write(t, files))
		if err != nil {
			t.Fatal(err)
		}
		m := images.For(Sequence{Rows: []Row{{Frame: 1}}})
		if got := [3]int{m.First, m.Last, m.numberOf(t, strings.Fields(names)[0])}; got != want {
			t.Errorf("frames %s: first, last and that of the first file %v, want %v", names, got, want)
		}
	}
	zero, err := OpenImages(write(t, map[string]string{"0.jpg": "0", "1.jpg": "1"}))
	if m := zero.For(Sequence{Rows: []Row{{Frame: 0}}}); err != nil || m.First != 0 || m.numberOf(t, "0") != 0 {
		t.Errorf("rows and files that begin at 0: %+v, %v, want them as they are", m, err)
	}
}

// numberOf is the number of the frame that is the file of a name.
func (m Images) numberOf(t *testing.T, name string) int {
	t.Helper()
	for number := m.First; number <= m.Last; number++ {
		if m.files[number-m.before] == name+".jpg" {
			return number
		}
	}
	t.Fatalf("no frame is %s", name)
	return 0
}

package dataset

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/siam-go/siam/internal/realdata"
)

func lfwFolder(list string, files ...string) Folder {
	fsys := fstest.MapFS{"lfw/pairs.txt": {Data: []byte(list)}}
	for _, name := range files {
		fsys["lfw/"+name] = &fstest.MapFile{}
	}
	return Folder{FS: fsys, Path: "test"}
}

func TestReadLFWPairsReadsBothKindsOfPairs(t *testing.T) {
	f := lfwFolder("2\t1\nAda\t1\t2\nAda\t1\tBo\t3\nBo 3 4\nBo 4 Ada 2\n",
		"Ada/Ada_0001.jpg", "Ada/Ada_0002.jpg", "Bo/Bo_0003.jpg", "Bo/Bo_0004.jpg")
	if !IsLFW(f) {
		t.Errorf("IsLFW = false, want true")
	}
	got, err := ReadLFWPairs(f)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"Ada/Ada_0001.jpg", "Ada/Ada_0002.jpg", "Bo/Bo_0003.jpg", "Bo/Bo_0004.jpg"}, got.Files); diff != "" {
		t.Errorf("photographs differ (-want +got):\n%s", diff)
	}
	want := []PhotoPair{{0, 1, true, 0}, {0, 2, false, 0}, {2, 3, true, 1}, {3, 1, false, 1}}
	if diff := cmp.Diff(want, got.Pairs); diff != "" {
		t.Errorf("pairs differ (-want +got):\n%s", diff)
	}
}

func TestReadLFWPairsRefusesDamagedLists(t *testing.T) {
	for list, want := range map[string]string{
		"":                                   "the list is empty",
		"ten folds\n":                        "line 1 is",
		"1 1\nAda 1 2\n":                     "cut short",
		"1 1\nAda 1 2\nAda 1 Bo Bo\n":        "number \"Bo\" is no photograph",
		"1 1\nAda 1 2\nAda\n":                "line 3 is",
		"1 1\nAda 1 2\n../Bo 1 Ada 1\n":      "is no photograph",
		"1 1\nAda 1 2\nAda 1 Cy 1\n":         "Cy/Cy_0001.jpg, which is not there",
		"1 1\nAda 1 2\nAda 1 Ada 2\nC 1 2\n": "line 4 is",
	} {
		_, err := ReadLFWPairs(lfwFolder(list, "Ada/Ada_0001.jpg", "Ada/Ada_0002.jpg"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ReadLFWPairs(%q) = %v, want an error with %q", list, err, want)
		}
	}
}

// realFaces reads LFWcrop from the folder lfwcrop in SIAM_DATA, unpacked or as an archive.
func realFaces(t testing.TB) *Set {
	t.Helper()
	return must[*Set](t)(ReadIdentities(t.Context(), realFolder(t, "lfwcrop")))
}

// realFolder opens a data set in the folder that SIAM_DATA names, unpacked or as an archive.
func realFolder(t testing.TB, name string) Folder {
	t.Helper()
	return must[Folder](t)(OpenFolder(realdata.Set(t, name)))
}

func TestReadLFWcrop(t *testing.T) {
	f := realFolder(t, "lfwcrop")
	s := must[*Set](t)(ReadIdentities(t.Context(), f))
	if len(s.Items) != 10562 || len(s.Classes) != 4859 {
		t.Errorf("%d faces of %d people, want 10562 of 4859", len(s.Items), len(s.Classes))
	}
	pairs := must[*PhotoPairs](t)(ReadLFWPairs(f))
	if len(pairs.Pairs) != 8*600 || len(pairs.Folds) != 8 || pairs.Folds[7] != "08" {
		t.Errorf("%d pairs of folds %v, want 4800 of 01 to 08", len(pairs.Pairs), pairs.Folds)
	}
}

// cropFolder is like LFWcrop: three faces, and lists with the given content.
func cropFolder(lists map[string]string) Folder {
	fsys := fstest.MapFS{"lists/dv_train_same.txt": {Data: []byte("nobody at all\n")}}
	for _, name := range []string{"Ada_King_0001.jpg", "Ada_King_0002.jpg", "Bo_0001.pgm"} {
		fsys["faces/"+name] = &fstest.MapFile{}
	}
	for name, content := range lists {
		fsys["lists/"+name] = &fstest.MapFile{Data: []byte(content)}
	}
	return Folder{FS: fsys, Path: "crops"}
}

func TestReadLFWPairsReadsListsOfFolds(t *testing.T) {
	f := cropFolder(map[string]string{
		"01_test_same.txt": "Ada_King_0001 Ada_King_0002\r\n",
		"01_test_diff.txt": "Ada_King_0001 Bo_0001\r\n\r\n",
		"07_test_same.txt": "Ada_King_0002 Ada_King_0001",
		"07_test_diff.txt": "Bo_0001 Ada_King_0001\n",
	})
	wrapped := fstest.MapFS{}
	for name, file := range f.FS.(fstest.MapFS) {
		wrapped["lfwcrop/"+name] = file
	}
	for _, f := range []Folder{f, {FS: wrapped, Path: "archive"}} {
		if p, err := ReadLFWPairs(f); !IsLFW(f) || err != nil || len(p.Pairs) != 4 {
			t.Errorf("%s: IsLFW = %v, ReadLFWPairs = %v, %v, want true and four pairs", f.Path, IsLFW(f), p, err)
		}
	}
	got := must[*PhotoPairs](t)(ReadLFWPairs(f))
	if diff := cmp.Diff([]string{"faces/Ada_King_0001.jpg", "faces/Bo_0001.pgm", "faces/Ada_King_0002.jpg"}, got.Files); diff != "" {
		t.Errorf("photographs differ (-want +got):\n%s", diff)
	}
	want := []PhotoPair{{0, 1, false, 0}, {0, 2, true, 0}, {1, 0, false, 1}, {2, 0, true, 1}}
	if diff := cmp.Diff(want, got.Pairs); diff != "" {
		t.Errorf("pairs differ (-want +got):\n%s", diff)
	}
	seven := must[*PhotoPairs](t)(got.Only("07"))
	if diff := cmp.Diff([]PhotoPair{{0, 1, false, 0}, {2, 1, true, 0}}, seven.Pairs); diff != "" {
		t.Errorf("pairs of fold 07 differ (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Bo", "Ada_King"}, seven.Identities()); diff != "" {
		t.Errorf("people of fold 07 differ (-want +got):\n%s", diff)
	}
	for _, folds := range [][]string{{"02"}, {"01", "01"}} {
		if _, err := got.Only(folds...); err == nil || !strings.Contains(err.Error(), "there are 01, 07") {
			t.Errorf("Only(%v) = %v, want an error that names the folds", folds, err)
		}
	}
}

func TestReadLFWPairsRefusesDamagedListsOfFolds(t *testing.T) {
	const same, different = "Ada_King_0001 Ada_King_0002\n", "Ada_King_0001 Bo_0001\n"
	for name, c := range map[string]struct{ same, different, want string }{
		"a missing image": {same, "Ada_King_0001 Cy_0001\n", "lists/01_test_diff.txt: line 1: it names Cy_0001, which is not in faces"},
		"one name":        {same + "Ada_King_0001\n", different, "lists/01_test_same.txt: line 2: it is \"Ada_King_0001\", want the names of two"},
		"a wrong list":    {different, same, "line 1: Ada_King_0001 and Ada_King_0002 are in the wrong list"},
		"an empty list":   {"", different, "fold 01 lacks its pairs of the same people"},
	} {
		_, err := ReadLFWPairs(cropFolder(map[string]string{"01_test_same.txt": c.same, "01_test_diff.txt": c.different}))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error = %v, want %q", name, err, c.want)
		}
	}
}

func TestListsAreReadAsEditorsLeaveThem(t *testing.T) {
	const plain = "1 1\nada 1 2\nada 1 bo 1\n"
	var want PhotoPairs
	if err := want.read([]byte(plain)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"a mark before": "\ufeff" + plain, "CRLF": strings.ReplaceAll(plain, "\n", "\r\n"), "CR": strings.ReplaceAll(plain, "\n", "\r"),
		"blank lines": "\n" + strings.ReplaceAll(plain, "\n", "\n \n"), "no last end": strings.TrimSpace(plain),
	} {
		var got PhotoPairs
		if err := got.read([]byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if diff := cmp.Diff(want.Pairs, got.Pairs); diff != "" {
			t.Errorf("%s: pairs (-want +got):\n%s", name, diff)
		}
	}
}

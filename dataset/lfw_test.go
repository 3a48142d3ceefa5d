package dataset

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
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

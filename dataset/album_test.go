package dataset

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestImagesAreThoseOfAllFolders(t *testing.T) {
	file := &fstest.MapFile{}
	f := Folder{Path: "photos", FS: fstest.MapFS{
		"b.jpg": file, "a/2.PNG": file, "a/deep/1.pgm": file, "notes.txt": file, ".hidden/x.png": file, "a/.y.png": file, "__MACOSX/z.png": file,
	}}
	got := must[[]string](t)(f.Images())
	if diff := cmp.Diff([]string{"a/2.PNG", "a/deep/1.pgm", "b.jpg"}, got); diff != "" {
		t.Errorf("images (-want +got):\n%s", diff)
	}
	_, err := Folder{Path: "photos", FS: fstest.MapFS{"notes.txt": file}}.Images()
	if err == nil || !strings.Contains(err.Error(), "read photos: it holds no images") {
		t.Errorf("Images of a folder of text = %v, want an error that says so", err)
	}
}

func TestIdentitiesAreToldByPaths(t *testing.T) {
	for name, c := range map[string]struct{ files, want []string }{
		"folders":       {[]string{"ada/1.png", "ada/2.png", "bo/1.png"}, []string{"ada", "ada", "bo"}},
		"deep folders":  {[]string{"Latin/a/1.png", "Latin/a/2.png", "Latin/b/1.png"}, []string{"a", "a", "b"}},
		"alphabets":     {[]string{"Latin/a/1.png", "Latin/a/2.png", "Greek/a/1.png"}, []string{"Latin/a", "Latin/a", "Greek/a"}},
		"dates":         {[]string{"ada/2020/1.png", "ada/2021/1.png", "bo/2020/1.png"}, []string{"ada", "ada", "bo"}},
		"loose":         {[]string{"ada/1.png", "ada/2.png", "bo/1.png", "x_1.png"}, []string{"ada", "ada", "bo", ""}},
		"names":         {[]string{"Ada_K_1.png", "Ada_K_2.png", "Bo_1.png"}, []string{"Ada_K", "Ada_K", "Bo"}},
		"one camera":    {[]string{"IMG_1.jpg", "IMG_2.jpg"}, nil},
		"no identities": {[]string{"a.png", "b.png"}, nil},
		"all different": {[]string{"a_1.png", "b_1.png"}, nil},
	} {
		if diff := cmp.Diff(c.want, IdentitiesOf(c.files)); diff != "" {
			t.Errorf("%s: identities (-want +got):\n%s", name, diff)
		}
	}
}

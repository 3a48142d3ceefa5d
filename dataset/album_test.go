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
		"dates outside": {[]string{"2020-05-01/Anna/1.png", "2021-07-02/Anna/2.png", "2021-07-02/Bert/1.png", "2021-07-02/x_1.png"}, []string{"Anna", "Anna", "Bert", ""}},
		"months":        {[]string{"2020/05/Anna/1.png", "2020/06/Anna/2.png", "2020/06/Bert/a/1.png"}, []string{"Anna", "Anna", "Bert"}},
		"sessions":      {[]string{"session1/Anna/cam2/1.png", "session2/Anna/1.png", "session2/Bert/1.png"}, []string{"Anna", "Anna", "Bert"}},
		"only dates":    {[]string{"2020/1.png", "2020/2.png", "2021/1.png"}, []string{"2020", "2020", "2021"}},
		"numbers":       {[]string{"1/session1/1.png", "1/session2/1.png", "2/session1/1.png"}, []string{"1", "1", "2"}},
		"like dates":    {[]string{"Camilla/1.png", "Camilla/2.png", "Dayna/1.png"}, []string{"Camilla", "Camilla", "Dayna"}},
		"in one word":   {[]string{"team1/Camilla/1.png", "team1/Camilla/2.png", "team2/Dayna/1.png"}, []string{"team1/Camilla", "team1/Camilla", "team2/Dayna"}},
		"two forms":     {[]string{"Jose\u0301/1.png", "Jos\u00e9/2.png", "bo/1.png"}, []string{"Jos\u00e9", "Jos\u00e9", "bo"}},
		"Latin-1":       {[]string{"Jos\xe9/1.png", "Jos\u00e9/2.png", "bo/1.png"}, []string{"Jos\u00e9", "Jos\u00e9", "bo"}},
		"cases":         {[]string{"Anna/1.png", "anna/2.png", "anna/3.png"}, []string{"Anna", "anna", "anna"}},
		"cameras":       {[]string{"IMG_20200501_1.jpg", "IMG_20200501_2.jpg", "PXL_20210101_1.jpg", "20200501_120000.jpg", "Bo_1.jpg"}, nil},
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

func TestOneIdentityAloneIsTold(t *testing.T) {
	for _, c := range []struct{ files, want []string }{
		{[]string{"Anna/1.png"}, []string{"Anna"}},
		{[]string{"Anna/IMG_1.jpg", "Anna/2020/IMG_2.jpg"}, []string{"Anna", "Anna"}},
		{[]string{"Anna_1.png"}, []string{"Anna"}},
		{[]string{"IMG_1.png", "a.png"}, []string{"", ""}},
	} {
		if got := must[[]string](t)(Folder{Path: "people"}.Identities(c.files)); !cmp.Equal(got, c.want) {
			t.Errorf("Identities(%q) = %q, want %q", c.files, got, c.want)
		}
	}
	for _, files := range [][]string{{"a/x/1.png", "b/y/1.png"}, {"train/x/1.png", "test/x/1.png"}} {
		if got, err := (Folder{Path: "people"}).Identities(files); err == nil {
			t.Errorf("Identities(%q) = %q, want an error", files, got)
		}
	}
}

func TestNamesThatDifferInCaseAreFound(t *testing.T) {
	got := SameButForCase([]string{"Anna", "bo", "anna", "ANNA", "anna", "Bo"})
	if diff := cmp.Diff([][2]string{{"Anna", "anna"}, {"Anna", "ANNA"}, {"bo", "Bo"}}, got); diff != "" {
		t.Errorf("SameButForCase (-want +got):\n%s", diff)
	}
}

package dataset

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/siam-go/siam/imgproc"
)

func TestSplitByGroupLeavesNothingShared(t *testing.T) {
	s := letters(4, 3, 5, 2)
	held := must[[]string](t)(Pick(s.Groups(), 2, 1))
	rest, out, err := SplitByGroup(s, held...)
	if err != nil {
		t.Fatal(err)
	}
	if len(rest.Items)+len(out.Items) != 40 || !slices.Equal(out.Groups(), held) || len(rest.Groups()) != 1 {
		t.Errorf("%d and %d items of groups %v and %v, want 40 in all and %v held out",
			len(rest.Items), len(out.Items), rest.Groups(), out.Groups(), held)
	}
	for _, part := range []*Set{rest, out} {
		if err := part.Check(); err != nil {
			t.Error(err)
		}
		for _, it := range part.Items {
			if !strings.HasPrefix(it.Source, part.Classes[it.Label].Name) {
				t.Errorf("item %s has label %s", it.Source, part.Classes[it.Label].Name)
			}
		}
	}
	if err := Leak(rest, out); err != nil {
		t.Errorf("Leak after a split by group = %v, want nil", err)
	}
}

func TestSplitByDrawerSharesClassesOnly(t *testing.T) {
	s := letters(5, 3, 2)
	rest, out, err := SplitByDrawer(s, 2, 5)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]int{{1, 3, 4}, {2, 5}}, [][]int{rest.Drawers(), out.Drawers()}); diff != "" {
		t.Errorf("drawers (-want +got):\n%s", diff)
	}
	if err := Leak(rest, out); err == nil || !strings.Contains(err.Error(), "share the class A/character01") {
		t.Errorf("Leak = %v, want the shared class named", err)
	}
}

func TestSplitByIdentityAndItsErrors(t *testing.T) {
	s := letters(2, 3)
	rest, out, err := SplitByIdentity(s, "A/character02")
	if err != nil || len(rest.Classes) != 2 || len(out.Classes) != 1 || out.Classes[0].Name != "A/character02" {
		t.Errorf("SplitByIdentity = %v, %v, %v", rest, out, err)
	}
	_, _, byGroup := SplitByGroup(s, "Z")
	_, _, byDrawer := SplitByDrawer(s, 9)
	_, _, byName := SplitByIdentity(s, "nobody")
	for want, err := range map[string]error{"no group Z": byGroup, "no drawer 9": byDrawer, "no class nobody": byName} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want %q", err, want)
		}
	}
	if _, err := Pick([]int{1, 2}, 3, 0); err == nil {
		t.Error("Pick of 3 out of 2 succeeded, want an error")
	}
}

func TestTurnedMakesNewClassesOfTheSamePixels(t *testing.T) {
	s := letters(2, 3, 2)
	all := Turned(s, imgproc.Upright, imgproc.TurnRight, imgproc.Mirror|imgproc.TurnHalf)
	if err := all.Check(); err != nil {
		t.Fatal(err)
	}
	want := []string{"A", "B", "A+90", "B+90", "A+mirror+180", "B+mirror+180"}
	if len(all.Classes) != 15 || len(all.Items) != 30 || !slices.Equal(all.Groups(), want) {
		t.Errorf("%d classes, %d items, groups %v, want 15, 30, %v", len(all.Classes), len(all.Items), all.Groups(), want)
	}
	it := all.Items[10]
	if all.Classes[it.Label].Name != "A/character01+90" || &it.Image.Pix[0] != &s.Items[0].Image.Pix[0] {
		t.Errorf("item 10 is %s with its own pixels: %v, want A/character01+90 with shared ones", all.Classes[it.Label].Name, it.Image)
	}
	if got, want := it.Pixels(), s.Items[0].Image.Turned(imgproc.TurnRight); !cmp.Equal(got, want) {
		t.Errorf("Pixels = %v, want %v", got, want)
	}
}

func TestLeakFindsTurnedAndCopiedImages(t *testing.T) {
	a := letters(2, 2)
	b := Turned(a, imgproc.TurnRight)
	if err := Leak(a, b); err == nil || !strings.Contains(err.Error(), "share an image: A/character01/1 and A/character01/1") {
		t.Errorf("Leak of a turned copy = %v, want the image named", err)
	}
}

func TestJoinKeepsLabelsApart(t *testing.T) {
	a, b := letters(2, 2), letters(3, 2)
	for i := range b.Classes {
		b.Classes[i].Name = "other/" + b.Classes[i].Name
	}
	all := must[*Set](t)(Join("both", a, b))
	if err := all.Check(); err != nil || len(all.Classes) != 4 || len(all.Items) != 10 || all.Items[4].Label != 2 {
		t.Errorf("Join = %d classes, %d items, label %d, %v, want 4, 10, 2", len(all.Classes), len(all.Items), all.Items[4].Label, err)
	}
	if _, err := Join("both", a, a); err == nil || !strings.Contains(err.Error(), "both letters and letters have a class A/character01") {
		t.Errorf("Join with itself = %v, want an error that names the class", err)
	}
}

func TestCheckRefusesUnsoundSets(t *testing.T) {
	for name, spoil := range map[string]func(*Set){
		"empty": func(s *Set) { s.Items = nil }, "label": func(s *Set) { s.Items[1].Label = 7 },
		"name twice": func(s *Set) { s.Classes[1].Name = s.Classes[0].Name }, "image": func(s *Set) { s.Items[0].Image.H = 9 },
	} {
		s := letters(2, 2)
		spoil(s)
		if s.Check() == nil {
			t.Errorf("%s: Check = nil, want an error", name)
		}
	}
}

func TestMatchFindsClassesByPattern(t *testing.T) {
	s := tail(1, 1, 1, 1)
	got := must[[]string](t)(s.Match("class0[23]", "*0"))
	if diff := cmp.Diff([]string{"class00", "class02", "class03"}, got); diff != "" {
		t.Errorf("matches (-want +got):\n%s", diff)
	}
	for _, pattern := range []string{"person*", "[", "class9"} {
		if _, err := s.Match("class00", pattern); err == nil || !strings.Contains(err.Error(), pattern) {
			t.Errorf("Match(%s) = %v, want an error that names it", pattern, err)
		}
	}
}

func TestSplitEveryPutsEachItemOutInOneFold(t *testing.T) {
	set := &Set{Name: "seven and two", Classes: make([]Class, 2)}
	for label, n := range []int{7, 2} {
		for range n {
			set.Items = append(set.Items, Item{Label: label, Source: fmt.Sprint(len(set.Items))})
		}
	}
	sources := func(s *Set) (all []string) {
		for _, it := range s.Items {
			all = append(all, it.Source)
		}
		return all
	}
	var out []string
	for fold, want := range [][]string{{"2", "5"}, {"0", "3", "6", "7"}, {"1", "4", "8"}} {
		rest, taken := SplitEvery(set, 3, fold)
		if got := sources(taken); !slices.Equal(got, want) {
			t.Errorf("fold %d takes %v out, want %v", fold, got, want)
		}
		if len(rest.Items)+len(taken.Items) != len(set.Items) {
			t.Errorf("fold %d: %d and %d items of %d", fold, len(rest.Items), len(taken.Items), len(set.Items))
		}
		out = append(out, sources(taken)...)
	}
	if slices.Sort(out); !slices.Equal(out, sources(set)) {
		t.Errorf("the folds take %v out, want each item once", out)
	}
}

func TestAPictureOfSeveralClassesIsOutInOneFoldOfAllOfThem(t *testing.T) {
	files := fstest.MapFS{}
	for i := range 40 {
		files[fmt.Sprintf("JPEGImages/%d.jpg", i)] = plainPNG(t, 8, 4, uint8(i), 200)
		files[fmt.Sprintf("SegmentationClass/%d.png", i)] = labelsPNG(t, 8, 4, 8, uint8(12+i%2))
	}
	set, err := ReadMasked(t.Context(), Folder{FS: files, Path: "set"})
	if err != nil {
		t.Fatal(err)
	}
	cats, _, err := SplitByIdentity(set, "dog", "horse")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for fold := range 4 {
		rest, out := SplitEvery(set, 4, fold)
		judged := map[string]bool{}
		for _, it := range out.Items {
			judged[it.Source] = true
		}
		seen += len(judged)
		for _, it := range rest.Items {
			if judged[it.Source] {
				t.Errorf("fold %d: %s is learned and judged", fold, it.Source)
			}
		}
		_, ofCats := SplitEvery(cats, 4, fold)
		if len(ofCats.Items) != len(judged) {
			t.Errorf("fold %d: of cats alone %d pictures are out, of all classes %d", fold, len(ofCats.Items), len(judged))
		}
	}
	if seen != 40 {
		t.Errorf("the folds take %d pictures out, want each of 40 once", seen)
	}
}

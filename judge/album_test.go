package judge

import (
	"context"
	"image"
	"slices"
	"strings"
	"testing"

	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/report"
)

// people are six pictures of two people near 10 and 200, and one of the first among the second.
func people(t *testing.T) *Album {
	t.Helper()
	folder := dots(t, map[string]uint8{
		"ada/1.pgm": 10, "ada/2.pgm": 12, "ada/3.pgm": 201, "bo/1.pgm": 200, "bo/2.pgm": 203, "bo/3.pgm": 206,
	})
	files, err := folder.Images()
	if err != nil {
		t.Fatal(err)
	}
	al, err := OpenAlbum(t.Context(), folder, files, Whole(lineWith(5)))
	if err != nil {
		t.Fatal(err)
	}
	return al
}

func TestClustersAreWithinTheThreshold(t *testing.T) {
	al := people(t)
	apart := 20.0
	found, err := al.Cluster(lineWith(5), Grouping{Linkage: eval.Average, Threshold: &apart})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"ada/3.pgm", "bo/1.pgm", "bo/2.pgm", "bo/3.pgm"}, {"ada/1.pgm", "ada/2.pgm"}}
	if !slices.EqualFunc(found.Groups, want, slices.Equal[[]string]) || found.Alone() != 0 || *found.Threshold != 20 {
		t.Errorf("groups %v at %v, %d alone; want %v at 20, none", found.Groups, *found.Threshold, found.Alone(), want)
	}
	if err := found.Judge(1); err != nil || found.Judged.Labels != 2 {
		t.Errorf("Judge = %v, %+v, want two identities", err, found.Judged)
	}
	for i, tile := range found.groupTiles(found.Rows[0]) {
		if want := map[bool]report.Verdict{true: report.Wrong, false: report.Unmarked}[i == 0]; tile.Verdict != want {
			t.Errorf("%s among those of bo is marked %v, want %v", tile.Caption, tile.Verdict, want)
		}
	}
	// Without a threshold of its own it is at most the model's: all of bo's lie within 5 of the next.
	if found, err = al.Cluster(lineWith(5), Grouping{Linkage: eval.Single}); err != nil || *found.Threshold > 5 {
		t.Errorf("threshold chosen %v, %v, want at most the model's 5", *found.Threshold, err)
	}
	if found, err = al.Cluster(lineWith(5), Grouping{Groups: 5}); err != nil || len(found.Groups) != 5 || found.Threshold != nil {
		t.Errorf("%d groups, threshold %v, %v; want 5 and none", len(found.Groups), found.Threshold, err)
	}
}

func TestContactSheetBeginsEachGroupWithItsSize(t *testing.T) {
	apart := 20.0
	found, err := people(t).Cluster(lineWith(5), Grouping{Threshold: &apart})
	if err != nil {
		t.Fatal(err)
	}
	var captions []string
	for _, tile := range found.Sheet().Tiles {
		if tile.Verdict == report.Nothing {
			captions = append(captions, tile.Caption)
		}
	}
	if want := []string{"group 1\n4", "group 2\n2"}; !slices.Equal(captions, want) {
		t.Errorf("the sheet is headed %q, want %q", captions, want)
	}
}

func TestSeveralPicturesOfOneFileAreNumbered(t *testing.T) {
	folder := dots(t, map[string]uint8{"crowd.pgm": 2, "nobody.pgm": 0, "one.pgm": 1})
	asMany := func(_ context.Context, photos []imgproc.Photo) ([][]Cut, error) { // as its brightness
		lists := make([][]Cut, len(photos))
		for i, photo := range photos {
			for range photo.Image.Pix[0] {
				lists[i] = append(lists[i], Cut{photo.Image, []float32{0}})
			}
		}
		return lists, nil
	}
	al, err := OpenAlbum(t.Context(), folder, []string{"crowd.pgm", "nobody.pgm", "one.pgm"}, View{Cut: asMany})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range al.Pictures {
		names = append(names, p.Name)
	}
	if want := []string{"crowd.pgm#1", "crowd.pgm#2", "one.pgm"}; !slices.Equal(names, want) || al.Known {
		t.Errorf("pictures %v, identities known %v; want %v and unknown", names, al.Known, want)
	}
	if _, err := OpenAlbum(t.Context(), folder, []string{"nobody.pgm"}, View{Cut: asMany}); err == nil || !strings.Contains(err.Error(), "no face was found in the 1 images of dots") {
		t.Errorf("OpenAlbum of nobody = %v, want an error that says so", err)
	}
}

func TestOnlyIdentitiesThatFitAPattern(t *testing.T) {
	files := []string{"s1/a.png", "s1/b.png", "s2/a.png", "t1/a.png"}
	if got, err := OnlyIdentities(files, []string{"s[2-9]", "t*"}); err != nil || !slices.Equal(got, []string{"s2/a.png", "t1/a.png"}) {
		t.Errorf("OnlyIdentities = %v, %v, want those of s2 and t1", got, err)
	}
	for pattern, want := range map[string]string{"u*": "no identity fits u*", "[": "pattern"} {
		if _, err := OnlyIdentities(files, []string{pattern}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("OnlyIdentities(%s) = %v, want an error with %q", pattern, err, want)
		}
	}
}

func TestChosenPicturesKeepTheirOrder(t *testing.T) {
	al := &Album{}
	for i := range 50 {
		al.Pictures = append(al.Pictures, Picture{Embedding: []float32{float32(i)}})
	}
	al.Choose(60, 1)
	if len(al.Pictures) != 50 {
		t.Errorf("%d pictures after choosing 60 of 50, want all", len(al.Pictures))
	}
	al.Choose(20, 1)
	if len(al.Pictures) != 20 || !slices.IsSortedFunc(al.Pictures, func(a, b Picture) int { return int(a.Embedding[0] - b.Embedding[0]) }) {
		t.Errorf("%d pictures, in the order %v, want 20 in their old order", len(al.Pictures), al.embeddings())
	}
}

func TestMapsNameIdentitiesWhileTheyAreFew(t *testing.T) {
	al := people(t)
	for i := range al.Pictures { // on a plane, so that there are two axes
		al.Pictures[i].Embedding = append(al.Pictures[i].Embedding, float32(i*i))
	}
	m, err := al.Map(t.Context(), false, false, 1)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{0, 0, 0, 1, 1, 1}; !slices.Equal(m.Axes.Labels, want) || !slices.Equal(m.Axes.Groups, []string{"ada", "bo"}) {
		t.Errorf("labels %v, groups %v, want %v and ada and bo", m.Axes.Labels, m.Axes.Groups, want)
	}
	if m.Neighbours.Points != nil || len(m.Axes.Points) != 6 {
		t.Errorf("%d places among neighbours and %d on axes, want none and 6", len(m.Neighbours.Points), len(m.Axes.Points))
	}
	many := &Album{Known: true}
	for i := range 41 {
		many.Pictures = append(many.Pictures, Picture{Identity: string(rune('A' + i)), Image: image.NewGray(image.Rect(0, 0, 1, 1))})
	}
	if got := many.blankMap(false); got.Groups != nil || got.Labels[40] != 40 {
		t.Errorf("41 identities: names %v, last label %d, want no names and 40", got.Groups, got.Labels[40])
	}
}

func TestClustersSayWhereTheirThresholdIsFrom(t *testing.T) {
	al := people(t)
	cluster := func(model *line, how Grouping) *Clusters {
		t.Helper()
		found, err := al.Cluster(model, how)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	given, bare := 20.0, &line{}
	for _, c := range []struct {
		found     *Clusters
		from, why string
	}{
		{cluster(lineWith(5), Grouping{Threshold: &given}), "given", "joined up to distance 20.0000, as given"},
		{cluster(lineWith(1), Grouping{}), "model", "joined up to distance 1.0000, the model's own threshold"},
		{cluster(lineWith(150), Grouping{}), "silhouette", "which of all up to the model's own threshold, 150.0000, sets the groups apart best"},
		{cluster(bare, Grouping{}), "silhouette", "which sets the groups apart best (mean silhouette 0.9"},
		{cluster(bare, Grouping{Groups: 3}), "", "until as many groups are left as were asked for"},
	} {
		if c.found.ThresholdFrom != c.from || !strings.Contains(c.found.Why(), c.why) {
			t.Errorf("threshold from %q: %s; want from %q: %s", c.found.ThresholdFrom, c.found.Why(), c.from, c.why)
		}
	}
}

func TestCopiesDoNotCountInClusters(t *testing.T) {
	al := people(t)
	for i := range al.Pictures {
		al.Pictures[i].Image = block(i).GoImage()
	}
	al.Pictures[2].Image, al.Pictures[5].Image = al.Pictures[0].Image, al.Pictures[0].Image // of ada, and of bo
	found, err := al.Cluster(lineWith(5), Grouping{})
	if err != nil {
		t.Fatal(err)
	}
	if err := found.Judge(1); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(found.Copies, []Copy{{"ada/3.pgm", "ada/1.pgm"}}) || found.Judged.NMI.N != 5 || found.Images != 6 {
		t.Errorf("copies %v, judged on %d of %d pictures, want the one of ada, which does not count", found.Copies, found.Judged.NMI.N, found.Images)
	}
	al.Known = false
	if found, err = al.Cluster(lineWith(5), Grouping{}); err != nil || len(found.Copies) != 2 {
		t.Errorf("without identities: copies %v, %v, want both copies of one picture", found.Copies, err)
	}
}

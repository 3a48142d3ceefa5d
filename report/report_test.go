package report

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/siam-go/siam/eval"
)

func TestPageHoldsEverythingItShows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.html")
	if *samplePath != "" {
		path = *samplePath
	}
	if err := sample(t).WriteFile(path); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	for _, want := range []string{
		"One-shot recognition", "93.0", `95&nbsp;% CI 92.2–93.8&nbsp;% · <span class="whole">n = 4000</span>`, "Example episodes", "✗ wrong", "threshold", "EER",
		`data-name="Invented/characterA"`, "data:image/png;base64,", "prefers-color-scheme: dark", "@media print",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, link := range regexp.MustCompile(`(?:src|href|url)\s*[=(]\s*["']?([^"'>\s)]+)`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(link[1], "data:") && !strings.HasPrefix(link[1], "target.") {
			t.Errorf("the page refers to %.60s, want nothing outside it", link[1])
		}
	}
	if strings.Contains(page, "ZgotmplZ") || strings.Contains(page, "NaN") {
		t.Errorf("the page holds a blocked or broken value")
	}
	if len(page) > 3<<20 {
		t.Errorf("the page has %d bytes, want less than 3 MiB", len(page))
	}
}

func TestPageEscapesNames(t *testing.T) {
	r := New("<script>alert(1)</script>")
	r.Add(Section{Title: "<b>", Text: "a & b", Parts: []Part{
		Table{Columns: []string{"<i>"}, Rows: [][]string{{"<u>"}}},
		Chart{Title: "<x>", Series: []Series{{Name: "<y>", X: []float64{1, 2}, Y: []float64{1, 2}}}},
		Map{Points: [][2]float64{{0, 0}}, Images: []image.Image{image.NewGray(image.Rect(0, 0, 2, 2))}, Labels: []int{1}, Names: []string{`"><z>`}},
	}})
	var page bytes.Buffer
	if err := r.Write(&page); err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{"<script>alert", "<b>", "<i>", "<u>", "<x>", "<y>", "<z>"} {
		if strings.Contains(page.String(), tag) {
			t.Errorf("the page holds %s from a name", tag)
		}
	}
}

func TestPartsThatCannotBeDrawnNameTheirSection(t *testing.T) {
	gray := image.NewGray(image.Rect(0, 0, 2, 2))
	for want, part := range map[string]Part{
		`series "a" has 1 x and 2 y`:            Chart{Title: "c", Series: []Series{{Name: "a", X: []float64{1}, Y: []float64{1, 2}}}},
		"1 points has 0 images":                 Map{Points: [][2]float64{{0, 0}}},
		"picture 1 of an embedding map is miss": Map{Points: [][2]float64{{0, 0}}, Images: []image.Image{nil}, Labels: []int{0}},
		"a picture is missing":                  Episodes{{Query: gray, Support: []image.Image{nil}}},
	} {
		r := New("x")
		r.Add(Section{Title: "Broken", Parts: []Part{part}})
		err := r.Write(&bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `section "Broken"`) {
			t.Errorf("Write = %v, want an error with the section and %q", err, want)
		}
	}
}

func TestFailedWriteKeepsTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report.html")
	if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := New("x")
	r.Add(Section{Parts: []Part{Map{Points: make([][2]float64, 1)}}})
	if err := r.WriteFile(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("WriteFile = %v, want an error that names %s", err, path)
	}
	if data, _ := os.ReadFile(path); string(data) != "old" {
		t.Errorf("the file holds %q, want what was there", data)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("the folder holds %v, want no leftovers", files)
	}
	err := r.WriteFile(filepath.Join(dir, "missing", "report.html"))
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("WriteFile into a missing folder = %v, want %v", err, os.ErrNotExist)
	}
}

func TestChartFileIsCompleteAndMarksItsData(t *testing.T) {
	path := filepath.Join(t.TempDir(), "curve.svg")
	c := Chart{Title: "Loss", X: Axis{Label: "step", Min: 0, Max: 10}, Y: Axis{Label: "loss", Min: 0, Max: 2},
		Series: []Series{{Name: "a", X: []float64{0, 5, 10}, Y: []float64{2, 1, 0}}}, Marks: []Mark{{5, "half"}}}
	if err := c.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	data, _ := os.ReadFile(path)
	svg := string(data)
	for _, want := range []string{"<svg xmlns=", "--card", "M62.0 58.0L303.0 174.0L544.0 290.0", ">half<", "a, step 5: 1"} {
		if !strings.Contains(svg, want) {
			t.Errorf("the file lacks %q", want)
		}
	}
}

func TestSheetDrawsFramesInTheColourOfTheVerdict(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sheet.png")
	black := image.NewGray(image.Rect(0, 0, 20, 10))
	s := Sheet{Columns: 2, Side: 40, Tiles: []Tile{{Image: black, Verdict: Right}, {Image: black}, {Image: black, Verdict: Wrong}}}
	if err := s.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	picture, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := picture.Bounds().Size(), image.Pt(8+2*54, 8+2*54); got != want {
		t.Errorf("size = %v, want %v", got, want)
	}
	for at, verdict := range map[image.Point]Verdict{{9, 9}: Right, {63, 9}: Unmarked, {9, 63}: Wrong} {
		wr, wg, wb, _ := verdict.frame().RGBA()
		if r, g, b, _ := picture.At(at.X, at.Y).RGBA(); r != wr || g != wg || b != wb {
			t.Errorf("frame at %v = %v, want the colour of verdict %d", at, picture.At(at.X, at.Y), verdict)
		}
	}
	if r, _, _, _ := picture.At(8+3+20, 8+3+20).RGBA(); r != 0 {
		t.Errorf("middle of the first picture = %v, want black", picture.At(31, 31))
	}
	if r, _, _, _ := picture.At(8+3+20, 8+3+2).RGBA(); r != 0xffff {
		t.Errorf("above a wide picture = %v, want white", picture.At(31, 13))
	}
	s.Tiles[1] = Tile{Verdict: Nothing, Caption: "one\ntwo"}
	titled, err := s.Image()
	if err != nil {
		t.Fatal(err)
	}
	if n := darkIn(titled, image.Rect(62, 8, 108, 54)); n < 50 {
		t.Errorf("%d dark pixels where two words should be, want more", n)
	}
	if _, err := (Sheet{}).Image(); err == nil {
		t.Errorf("Image of no tiles succeeded, want an error")
	}
}

// darkIn counts the dark pixels in a part of a picture.
func darkIn(picture image.Image, part image.Rectangle) (n int) {
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			if r, _, _, _ := picture.At(x, y).RGBA(); r < 0x6000 {
				n++
			}
		}
	}
	return n
}

func TestMapNamesGroupsBelowTheirMiddlePicture(t *testing.T) {
	light := image.NewGray(image.Rect(0, 0, 20, 20))
	for i := range light.Pix {
		light.Pix[i] = 240
	}
	m := Map{
		Points: [][2]float64{{0, 1}, {1, 1}, {2, 1}, {5, 0}}, Labels: []int{0, 0, 0, 1}, Groups: []string{"Ada & Co", "Bo"},
		Images: []image.Image{light, light, light, light}, Names: []string{"a", "b", "c", "d"},
	}
	svg, err := m.svg("")
	if err != nil {
		t.Fatal(err)
	}
	place, err := m.placing()
	if err != nil {
		t.Fatal(err)
	}
	x, y := place(m.Points[1])
	want := fmt.Sprintf(`<text x="%.1f" y="%.1f" text-anchor="middle">Ada &amp; Co</text>`, x, y+m.side()/2+14)
	if !strings.Contains(svg, want) || !strings.Contains(svg, ">Bo</text>") || !strings.Contains(svg, `aria-label="b"`) {
		t.Errorf("the map lacks %s, the other group's name, or a picture's", want)
	}
	picture, err := m.Image()
	if err != nil {
		t.Fatal(err)
	}
	foot := image.Pt(int(mapScale*x), int(mapScale*(y+m.side()/2+14)))
	if n := darkIn(picture, image.Rect(-32, -letterHeight, 32, 4).Add(foot)); n < 100 {
		t.Errorf("%d dark pixels where a name should be, want more", n)
	}
}

func TestEpisodesMarkTheRightAndTheWrongWay(t *testing.T) {
	gray := image.NewGray(image.Rect(0, 0, 2, 2))
	three := []image.Image{gray, gray, gray}
	wrong := Episode{Query: gray, Support: three, True: 2, Chosen: 0}
	if ways := wrong.Ways(); ways[0].Verdict != Wrong || ways[1].Verdict != Unmarked || ways[2].Verdict != Right {
		t.Errorf("Ways = %v, want wrong, unmarked, right", ways)
	}
	s := Episodes{wrong, {Query: gray, Support: three[:2], True: 1, Chosen: 1}}.Sheet()
	if len(s.Tiles) != 8 || s.Columns != 4 || s.Tiles[4].Verdict != Query || s.Tiles[6].Verdict != Right {
		t.Errorf("Sheet has %d tiles in %d columns, want 2 rows of 4", len(s.Tiles), s.Columns)
	}
}

func TestHistogramCountsEveryPair(t *testing.T) {
	c := DistanceHistogram([]float32{0, 1, 2, 4, 4, 3}, []bool{true, true, true, false, false, true}, Threshold{2.5, "threshold"})
	for _, s := range c.Series {
		sum := 0.0
		for _, v := range s.Y {
			sum += v
		}
		if sum < 0.999999 || sum > 1.000001 {
			t.Errorf("bars of %s add up to %v, want 1", s.Name, sum)
		}
	}
	if last := c.Series[1].Y; last[len(last)-1] != 1 {
		t.Errorf("last bar of different pairs = %v, want both of them", last[len(last)-1])
	}
}

func TestRateChartsAreDrawnForPerfectSystems(t *testing.T) {
	roc, err := eval.NewROC([]float32{1, 2}, []bool{true, false})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []Chart{ROCChart(NamedROC{"a", roc}), DETChart(NamedROC{"a", roc}), DistanceHistogram(nil, nil, Threshold{1, "threshold"}), {}} {
		html, err := c.HTML()
		if err != nil || strings.Contains(string(html), "NaN") || strings.Contains(string(html), "Inf") {
			t.Errorf("chart %q = %v, %v, want one without NaN", c.Title, html, err)
		}
	}
}

func TestTableSetsFiguresFlushRight(t *testing.T) {
	html, err := Table{Columns: []string{"name", "error"}, Rows: [][]string{{"a", "3.1 %"}, {"b", "−2"}}}.HTML()
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(html), `class="figure"`); n != 3 {
		t.Errorf("%d cells are figures, want 3:\n%s", n, html)
	}
}

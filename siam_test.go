package siam_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/ml/model"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/modelfile"
)

const strokes = "testdata/strokes.safetensors"

func open(t *testing.T) *siam.Model {
	t.Helper()
	m, err := siam.Open(strokes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func fileOf(t testing.TB, spec encoder.Spec, distance string, weights []modelfile.Tensor) *modelfile.File {
	t.Helper()
	file, err := encoder.NewFile(spec, distance, weights)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func embed(t *testing.T, m *siam.Model, images ...image.Image) [][]float32 {
	t.Helper()
	rows, err := m.Embed(t.Context(), images...)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestCompareTellsCharactersApart(t *testing.T) {
	m := open(t)
	a, same, other := readImage("testdata/a.png"), readImage("testdata/same-as-a.png"), readImage("testdata/other.png")
	for _, test := range []struct {
		name string
		b    image.Image
		same bool
	}{{"itself", a, true}, {"another drawing", same, true}, {"another character", other, false}} {
		verdict, err := m.Compare(t.Context(), a, test.b)
		if err != nil {
			t.Fatal(err)
		}
		back, err := m.Compare(t.Context(), test.b, a)
		if err != nil {
			t.Fatal(err)
		}
		if verdict.Same != test.same || back.Same != test.same {
			t.Errorf("Compare(a, %s) = %v, the other way round %v, want same %v", test.name, verdict.Sentence(), back.Sentence(), test.same)
		}
		if verdict.Threshold != m.File().Calibration.Threshold {
			t.Errorf("Compare(a, %s).Threshold = %v, want %v of the file", test.name, verdict.Threshold, m.File().Calibration.Threshold)
		}
		rows := embed(t, m, a, test.b)
		if want := cosine(rows[0], rows[1]); !near(float64(verdict.Distance), want) {
			t.Errorf("Compare(a, %s).Distance = %v, want 1 − cosine = %v", test.name, verdict.Distance, want)
		}
	}
}

// near is false for NaN.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-5 }

// cosine is 1 − a·b/(|a||b|).
func cosine(a, b []float32) float64 {
	var dot, aa, bb float64
	for i := range a {
		dot += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return 1 - dot/math.Sqrt(aa*bb)
}

func TestJudgeDrawsTheLineAtTheThreshold(t *testing.T) {
	m := open(t)
	threshold := m.File().Calibration.Threshold
	above := math.Nextafter32(threshold, 2)
	for distance, want := range map[float32]string{0: "same", threshold: "same", above: "different", 2: "different"} {
		verdict, err := m.Judge(distance)
		if err != nil || verdict.String() != want {
			t.Errorf("Judge(%v) = %v, %v, want %s at the threshold %v", distance, verdict, err, want, threshold)
		}
	}
	for _, distance := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if verdict, err := m.Judge(float32(distance)); err == nil || !strings.Contains(err.Error(), strokes) {
			t.Errorf("Judge(%v) = %v, %v, want an error that names the model", distance, verdict, err)
		}
	}
}

func TestEmbeddingsDoNotDependOnTheirCompany(t *testing.T) {
	m := open(t)
	const n = 600 // more than are prepared at once
	images := make([]image.Image, n)
	for i := range images {
		images[i] = noise(uint64(i), 20+i%30, 25)
	}
	together := embed(t, m, images...)
	if len(together) != n {
		t.Fatalf("Embed(%d images) gives %d embeddings", n, len(together))
	}
	for _, i := range []int{0, 1, 511, 512, 599} {
		alone := embed(t, m, images[i])[0]
		for j := range alone {
			if !near(float64(alone[j]), float64(together[i][j])) {
				t.Fatalf("embedding %d[%d] = %v together, want %v as alone", i, j, together[i][j], alone[j])
			}
		}
	}
}

func noise(seed uint64, h, w int) image.Image {
	random := rand.New(rand.NewPCG(seed, 1))
	m := image.NewGray(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = uint8(random.UintN(256))
	}
	return m
}

func TestEmbedTakesImagesOfAnyKind(t *testing.T) {
	m := open(t)
	grey := readImage("testdata/a.png")
	coloured := image.NewNRGBA(image.Rect(-7, 5, -7+grey.Bounds().Dx(), 5+grey.Bounds().Dy())) // does not start at 0, 0
	see := image.NewNRGBA(coloured.Bounds())                                                   // black ink on nothing
	for y := range grey.Bounds().Dy() {
		for x := range grey.Bounds().Dx() {
			v := color.GrayModel.Convert(grey.At(x, y)).(color.Gray).Y
			coloured.Set(x-7, y+5, color.Gray{Y: v})
			see.Set(x-7, y+5, color.NRGBA{A: 255 - v})
		}
	}
	rows := embed(t, m, grey, coloured, see, image.NewRGBA64(image.Rect(0, 0, 1, 1)), noise(1, 3, 300))
	for i, row := range rows {
		if len(row) != m.Spec().Dim {
			t.Errorf("embedding %d has %d numbers, want %d", i, len(row), m.Spec().Dim)
		}
		if got := cosine(row, row); !near(got, 0) {
			t.Errorf("embedding %d: distance to itself %v, want 0: %v", i, got, row)
		}
	}
	for i, kind := range []string{"coloured", "transparent"} {
		if d := m.Distance(rows[0], rows[i+1]); !near(float64(d), 0) {
			t.Errorf("distance of the %s copy = %v, want 0", kind, d)
		}
	}
	if rows, err := m.Embed(t.Context()); err != nil || len(rows) != 0 {
		t.Errorf("Embed() = %v, %v, want nothing", rows, err)
	}
}

func TestOpenNamesAFileThatIsNoModel(t *testing.T) {
	content, err := os.ReadFile(strokes)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(content)
	flipped[len(flipped)/2] ^= 1
	for name, content := range map[string][]byte{
		"empty": {}, "truncated": content[:len(content)-1], "flipped": flipped, "text": []byte("not a model"),
	} {
		path := filepath.Join(t.TempDir(), name+".safetensors")
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := siam.Open(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Open(%s) error = %v, want one that names the file", name, err)
		}
	}
	if _, err := siam.Open("nowhere.safetensors"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Open(nowhere) error = %v, want %v", err, os.ErrNotExist)
	}
}

func TestNewRefusesPartsThatDoNotFit(t *testing.T) {
	file, spec := open(t).File(), open(t).Spec()
	otherSpec := func(f *modelfile.File, change func(*encoder.Spec)) {
		other := spec
		change(&other)
		text, err := json.Marshal(other)
		if err != nil {
			t.Fatal(err)
		}
		f.Spec = text
	}
	for name, change := range map[string]func(f *modelfile.File){
		"unknown distance": func(f *modelfile.File) { f.Distance = "taxicab" },
		"no distance":      func(f *modelfile.File) { f.Distance = "" },
		"a pair head that lacks": func(f *modelfile.File) {
			otherSpec(f, func(s *encoder.Spec) { s.PairHead = true })
			f.Distance = ""
		},
		"missing weights":    func(f *modelfile.File) { f.Weights = f.Weights[1:] },
		"other architecture": func(f *modelfile.File) { otherSpec(f, func(s *encoder.Spec) { s.Dim++ }) },
		"nonsense size":      func(f *modelfile.File) { otherSpec(f, func(s *encoder.Spec) { s.Preprocess.Height = -1 }) },
		"another kind":       func(f *modelfile.File) { f.Kind = "tracker" },
	} {
		changed := *file
		changed.Weights = slices.Clone(file.Weights)
		change(&changed)
		if m, err := siam.New(&changed); err == nil {
			m.Close()
			t.Errorf("New with %s: no error", name)
		}
	}
}

func TestModelWithADistanceOfTheCallersOwn(t *testing.T) {
	file := *open(t).File()
	file.Distance = "mine"
	if _, err := siam.New(&file); err == nil || !strings.Contains(err.Error(), `unknown distance "mine"`) {
		t.Errorf("New without the distance: error %v, want one that names it", err)
	}
	mine := distance.Distance{Name: "mine", Of: func(a, b []float32) float32 { return a[0] + b[0] }}
	m, err := siam.New(&file, siam.WithDistance(mine))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if d := m.Distance([]float32{1}, []float32{2}); d != 3 || m.NamedDistance().Name != "mine" {
		t.Errorf("Distance = %v by %q, want 3 by mine", d, m.NamedDistance().Name)
	}
}

func TestModelWithoutThresholdGivesDistancesOnly(t *testing.T) {
	file := *open(t).File()
	file.Calibration = nil
	m, err := siam.New(&file)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	a := readImage("testdata/a.png")
	if _, err := m.Compare(t.Context(), a, a); !errors.Is(err, siam.ErrNoThreshold) {
		t.Errorf("Compare error = %v, want %v", err, siam.ErrNoThreshold)
	}
	if _, err := m.Judge(0); !errors.Is(err, siam.ErrNoThreshold) {
		t.Errorf("Judge error = %v, want %v", err, siam.ErrNoThreshold)
	}
	if rows := embed(t, m, a, a); !near(float64(m.Distance(rows[0], rows[1])), 0) {
		t.Errorf("Distance(a, a) = %v, want 0", m.Distance(rows[0], rows[1]))
	}
}

// GoMLX's own backend is an oracle for ours.
func TestBackendsAgree(t *testing.T) {
	ours, err := siam.NewBackend("cpu", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Finalize()
	theirs, err := siam.NewBackend("go", 0)
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Finalize()
	spec := encoder.Koch35()
	spec.PairHead = false
	store := model.NewStore()
	if err := encoder.Initialize(ours, store, spec, 3); err != nil {
		t.Fatal(err)
	}
	weights, err := encoder.Weights(store)
	if err != nil {
		t.Fatal(err)
	}
	file := fileOf(t, spec, "euclidean", weights)
	var rows [][]float32
	for _, backend := range []siam.Backend{ours, theirs} {
		m, err := siam.New(file, siam.WithBackend(backend))
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, embed(t, m, readImage("testdata/a.png"))[0])
		m.Close()
		if _, err := siam.New(file, siam.WithBackend(backend)); err != nil {
			t.Errorf("a model's Close closed the caller's backend: %v", err)
		}
	}
	for j := range rows[0] {
		if !near(float64(rows[0][j]), float64(rows[1][j])) {
			t.Fatalf("embedding[%d] = %v on cpu, want %v as on go", j, rows[0][j], rows[1][j])
		}
	}
}

func TestNewBackendSaysWhatThereIs(t *testing.T) {
	if _, err := siam.NewBackend("abacus", 0); err == nil || !strings.Contains(err.Error(), "cpu, go") {
		t.Errorf("NewBackend(abacus) error = %v, want one that lists cpu and go", err)
	}
	for _, name := range []string{"cpu:nonsense=1", "cpu:threads=-1"} {
		if b, err := siam.NewBackend(name, 0); err == nil {
			b.Finalize()
			t.Errorf("NewBackend(%s): no error", name)
		}
	}
	if _, err := siam.NewBackend("cpu", -1); err == nil {
		t.Error("NewBackend(cpu, -1 threads): no error")
	}
	for _, name := range []string{"cpu", "go"} {
		if !slices.Contains(siam.Backends(), name) {
			t.Errorf("Backends() = %v, want %s among them", siam.Backends(), name)
		}
	}
}

func TestEmbedImagesPreparesAsEmbedDoes(t *testing.T) {
	m := open(t)
	picture, err := imgproc.ReadFile("testdata/other.png")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := m.EmbedImages(t.Context(), []imgproc.Image{picture})
	if err != nil {
		t.Fatal(err)
	}
	if want := embed(t, m, picture.GoImage()); !slices.Equal(rows[0], want[0]) {
		t.Errorf("EmbedImages = %v, want %v as Embed", rows[0], want[0])
	}
}

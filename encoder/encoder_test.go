package encoder

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/google/go-cmp/cmp"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/modelfile"
)

func TestKochHasThePapersNumberOfParameters(t *testing.T) {
	store := initialized(t, backend(t), Koch(), 1)
	if n := store.NumParameters(); n != 38_951_745 {
		t.Errorf("Koch's net and head have %d parameters, want 38951745", n)
	}
}

func TestKochBeginsAsThePaperSays(t *testing.T) {
	for _, w := range weights(t, backend(t), Koch(), 1) {
		var want Normal
		switch {
		case strings.HasSuffix(w.Name, "/bias"):
			want = Normal{0.5, 0.01}
		case strings.Contains(w.Name, "/conv"):
			want = Normal{0, 0.01}
		default:
			want = Normal{0, 0.2}
		}
		wantDrawn(t, w, want)
	}
}

// wantDrawn compares weights with the distribution that they should be drawn from, within five standard errors.
func wantDrawn(t *testing.T, w modelfile.Tensor, want Normal) {
	t.Helper()
	n := float64(len(w.Values))
	var sum, square float64
	for _, v := range w.Values {
		sum += float64(v)
		square += float64(v) * float64(v)
	}
	mean := sum / n
	deviation := math.Sqrt(max(0, square/n-mean*mean))
	const rounding = 1e-6
	if math.Abs(mean-want.Mean) > 5*want.Std/math.Sqrt(n)+rounding {
		t.Errorf("mean of %s = %v, want %v", w.Name, mean, want.Mean)
	}
	if n > 1 && math.Abs(deviation-want.Std) > 5*want.Std/math.Sqrt(2*n)+rounding {
		t.Errorf("deviation of %s = %v, want %v", w.Name, deviation, want.Std)
	}
}

func TestKochMayBeginAfterHe(t *testing.T) {
	spec := Koch35()
	spec.Init = InitHe
	fanIn := map[string]float64{"conv1": 4 * 4, "conv2": 3 * 3 * 64, "conv3": 2 * 2 * 128, "conv4": 2 * 2 * 128, "dense": 2 * 2 * 256}
	for _, w := range weights(t, backend(t), spec, 1) {
		layer := strings.Split(strings.TrimPrefix(w.Name, "encoder/"), "/")[0]
		switch {
		case w.Name == "head/bias":
			wantDrawn(t, w, Normal{Mean: 6})
		case w.Name == "head/weights":
			wantDrawn(t, w, Normal{Mean: -120.0 / 1024})
		case strings.HasSuffix(w.Name, "/bias"):
			wantDrawn(t, w, Normal{})
		default:
			wantDrawn(t, w, Normal{Std: math.Sqrt(2 / fanIn[layer])})
		}
	}
}

func TestNetworksHaveTheirSizes(t *testing.T) {
	b := backend(t)
	for name, test := range map[string]struct {
		spec Spec
		want int // parameters, the moving averages included
	}{
		"koch35": {Koch35(), 1024 + 64 + 9*64*128 + 128 + 4*128*128 + 128 + 4*128*256 + 256 + 1024*1024 + 1024 + 1025},
		"conv4":  {Conv4(28), 9*64 + 64 + 3*(9*64*64+64) + 4*4*64},
		"resnet": {Resnet(), 25*32 + 2*9*32*32 + 9*32*64 + 9*64*64 + 32*64 + 9*64*128 + 9*128*128 + 64*128 +
			4*(3*32+3*(64+128)) + 128*128 + 128},
	} {
		if n := initialized(t, b, test.spec, 1).NumParameters(); n != test.want {
			t.Errorf("%s has %d parameters, want %d", name, n, test.want)
		}
	}
}

func TestLayerNamesAreStable(t *testing.T) {
	var got []string
	for _, w := range weights(t, backend(t), Conv4(16), 1) {
		got = append(got, w.Name)
	}
	var want []string
	for _, i := range []string{"1", "2", "3", "4"} {
		want = append(want, "encoder/conv"+i+"/bias", "encoder/conv"+i+"/weights")
	}
	for _, i := range []string{"1", "2", "3", "4"} {
		for _, name := range []string{"mean", "offset", "scale", "variance"} {
			want = append(want, "encoder/norm"+i+"/"+name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names of Conv4's weights (-want +got):\n%s", diff)
	}
}

func TestSeedsDecideTheFirstWeights(t *testing.T) {
	b := backend(t)
	one, again, two := weights(t, b, Conv4(16), 1), weights(t, b, Conv4(16), 1), weights(t, b, Conv4(16), 2)
	if !cmp.Equal(one, again) {
		t.Error("seed 1 gives different weights the second time")
	}
	if cmp.Equal(one, two) {
		t.Error("seeds 1 and 2 give equal weights")
	}
}

func close(a, b []float32, tolerance float64) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool {
		return math.Abs(float64(x-y)) <= tolerance*(1+math.Abs(float64(y)))
	})
}

func TestNormalizedEmbeddingsHaveLengthOne(t *testing.T) {
	b := backend(t)
	spec := specs()["resnet"]
	e, err := NewEmbedder(b, spec, weights(t, b, spec, 1))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := e.Embed(context.Background(), pictures(spec.Preprocess, 3))
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		var square float64
		for _, v := range row {
			square += float64(v) * float64(v)
		}
		if math.Abs(square-1) > 1e-5 {
			t.Errorf("squared length of embedding %d = %v, want 1", i, square)
		}
	}
}

func TestNormalizeIsSafeAtZero(t *testing.T) {
	got, err := graph.CallOnceN(backend(t), func(x *graph.Node) []*graph.Node {
		y := normalize(x)
		return append([]*graph.Node{y}, graph.Gradient(graph.ReduceAllSum(y), x)...)
	}, [][]float32{{0, 0}, {3, 4}})
	if err != nil {
		t.Fatal(err)
	}
	y, slope := tensors.MustCopyFlatData[float32](got[0]), tensors.MustCopyFlatData[float32](got[1])
	if !close(y, []float32{0, 0, 0.6, 0.8}, 1e-6) {
		t.Errorf("normalize = %v, want [0 0 0.6 0.8]", y)
	}
	for i, v := range slope {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			t.Errorf("gradient[%d] = %v, want a finite number", i, v)
		}
	}
}

// The pair head's graphs give logits, row by row and of all pairs, and the distance of the same weights is 1 − σ(logit).
func TestPairHeadInTheGraphAndOutsideAgree(t *testing.T) {
	weights := []modelfile.Tensor{
		{Name: "head/weights", Shape: []int{3, 1}, Values: []float32{1, -2, 0.5}}, {Name: "head/bias", Shape: []int{1}, Values: []float32{0.25}},
	}
	backend, store := backend(t), model.NewStore()
	for _, w := range weights {
		if err := setVariable(store, w, copied); err != nil {
			t.Fatal(err)
		}
	}
	rows := [][]float32{{1, 2, 3}, {0, 4, 5}, {0, 0, 0}, {-30, 10, 0}, {1, 2, 3}}
	var a, b [][]float32
	for _, x := range rows {
		for _, y := range rows {
			a, b = append(a, x), append(b, y)
		}
	}
	byRow, err := model.MustNewExec(backend, store, PairHead).Call1(a, b)
	if err != nil {
		t.Fatal(err)
	}
	ofAll, err := model.MustNewExec(backend, store, PairHeadOfAll).Call1(rows)
	if err != nil {
		t.Fatal(err)
	}
	by, err := DistanceOf(Spec{PairHead: true, Dim: 3}, "", weights)
	if err != nil {
		t.Fatal(err)
	}
	for i := range a {
		logit := 0.25
		for j, alpha := range []float64{1, -2, 0.5} {
			logit += alpha * math.Abs(float64(a[i][j])-float64(b[i][j]))
		}
		for form, logits := range map[string]*tensors.Tensor{"PairHead": byRow, "PairHeadOfAll": ofAll} {
			if got := float64(tensors.MustCopyFlatData[float32](logits)[i]); math.Abs(got-logit) > 1e-5 {
				t.Errorf("%s of %v and %v = %v, want %v", form, a[i], b[i], got, logit)
			}
		}
		if got, want := float64(by.Of(a[i], b[i])), 1/(1+math.Exp(logit)); math.Abs(got-want) > 1e-7 {
			t.Errorf("%s of %v and %v = %v, want %v", by.Name, a[i], b[i], got, want)
		}
	}
}

func TestDistanceOfAModelIsNamedOrTheCallersOwn(t *testing.T) {
	own := distance.Distance{Name: "mine", Of: func(a, b []float32) float32 { return 7 }}
	if d, err := DistanceOf(Spec{}, "cosine", nil, own); err != nil || d.Name != "cosine" {
		t.Errorf("DistanceOf a model with cosine = %q, %v", d.Name, err)
	}
	if d, err := DistanceOf(Spec{}, "mine", nil, own); err != nil || d.Of(nil, nil) != 7 {
		t.Errorf("DistanceOf a model with mine = %q, %v, want the caller's own", d.Name, err)
	}
	for _, name := range []string{"mine", ""} {
		if _, err := DistanceOf(Spec{}, name, nil); err == nil {
			t.Errorf("DistanceOf a model with %q = no error", name)
		}
	}
	if _, err := DistanceOf(Spec{PairHead: true, Dim: 3}, "", nil); err == nil {
		t.Error("DistanceOf a model without the weights of its head = no error")
	}
}

func TestMovingAveragesFollowTheBatch(t *testing.T) {
	b := backend(t)
	spec := specs()["resnet"]
	store := initialized(t, b, spec, 1)
	exec := model.MustNewExec(b, store, func(scope *model.Scope, x *graph.Node) *graph.Node {
		scope.Store().SetTraining(x.Graph(), true)
		return BuildLayers(scope, spec, x)[0].Output // the stem, before its normalisation
	})
	images := tensors.FromFlatDataAndDimensions(pictures(spec.Preprocess, 2), 2, 16, 16, 1)
	got, err := exec.Call1(images)
	if err != nil {
		t.Fatal(err)
	}
	stem := tensors.MustCopyFlatData[float32](got)
	channels := spec.Widths[0]
	mean, square := make([]float64, channels), make([]float64, channels)
	n := float64(len(stem) / channels)
	for i, v := range stem {
		mean[i%channels] += float64(v) / n
		square[i%channels] += float64(v) * float64(v) / n
	}
	for _, w := range must(Weights(store)) {
		for c := range channels {
			switch w.Name {
			case "encoder/stem_norm/mean":
				if want := 0.1 * mean[c]; math.Abs(float64(w.Values[c])-want) > 1e-5 {
					t.Errorf("mean[%d] = %v, want %v", c, w.Values[c], want)
				}
			case "encoder/stem_norm/variance":
				variance := (square[c] - mean[c]*mean[c]) * n / (n - 1)
				if want := 0.9 + 0.1*variance; math.Abs(float64(w.Values[c])-want) > 1e-5 {
					t.Errorf("variance[%d] = %v, want %v", c, w.Values[c], want)
				}
			}
		}
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func TestDropoutWorksInTrainingOnly(t *testing.T) {
	b := backend(t)
	spec := Conv4(16)
	spec.Dropout = 0.5
	for _, training := range []bool{false, true} {
		store := initialized(t, b, spec, 1)
		exec := model.MustNewExec(b, store, func(scope *model.Scope, g *graph.Graph) *graph.Node {
			scope.Store().SetTraining(g, training)
			return NewLayers(scope).Dropout(graph.Ones(g, shapes.Make(dtypes.Float32, 100, 100)), spec.Dropout)
		})
		got, err := exec.Call1()
		if err != nil {
			t.Fatal(err)
		}
		zeros := 0
		for _, v := range tensors.MustCopyFlatData[float32](got) {
			if v == 0 {
				zeros++
			} else if want := map[bool]float32{false: 1, true: 2}[training]; v != want {
				t.Fatalf("training %v: a kept number is %v, want %v", training, v, want)
			}
		}
		if training != (zeros > 4700 && zeros < 5300) || !training && zeros > 0 {
			t.Errorf("training %v: %d of 10000 numbers are 0", training, zeros)
		}
	}
}

func TestCheckRejects(t *testing.T) {
	change := func(f func(*Spec)) Spec {
		s := Resnet()
		f(&s)
		return s
	}
	for name, spec := range map[string]Spec{
		"an unknown architecture":    change(func(s *Spec) { s.Arch = "vgg" }),
		"no input":                   change(func(s *Spec) { s.Preprocess.Height = 0 }),
		"an embedding of nothing":    change(func(s *Spec) { s.Dim = 0 }),
		"dropout of everything":      change(func(s *Spec) { s.Dropout = 1 }),
		"dropout that is no number":  change(func(s *Spec) { s.Dropout = math.NaN() }),
		"no stages":                  change(func(s *Spec) { s.Widths = nil }),
		"too small an input":         change(func(s *Spec) { s.Preprocess.Width = 4 }),
		"a billion blocks":           change(func(s *Spec) { s.Blocks = 1e9 }),
		"settings of another net":    change(func(s *Spec) { s.Arch = "koch" }),
		"Koch's net on small images": {Arch: "koch", Dim: 4096, Preprocess: Conv4(28).Preprocess},
	} {
		err := spec.Check()
		if err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("Check of %s = %v, want an error of one line", name, err)
		}
	}
	for name, spec := range specs() {
		if err := spec.Check(); err != nil {
			t.Errorf("Check of %s = %v, want nil", name, err)
		}
	}
}

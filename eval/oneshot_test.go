package eval

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/siam-go/siam/stats"
)

func absolute(a, b float32) float32 { return float32(math.Abs(float64(a - b))) }

func TestAnswerTakesTheNearestMean(t *testing.T) {
	nan := float32(math.NaN())
	items := []float32{0, 1, 5, -2, -2, nan, float32(math.Inf(1))}
	for _, c := range []struct {
		what   string
		trial  Trial
		choice int
	}{
		{"nearest", Trial{0, [][]int{{2}, {1}, {3}}, 1}, 1},
		{"mean of shots", Trial{0, [][]int{{1, 2}, {3, 4}}, 0}, 1},
		{"first of equals", Trial{0, [][]int{{3}, {4}}, 0}, 0},
		{"infinity is far", Trial{0, [][]int{{6}, {2}}, 0}, 1},
		{"all infinite is no answer", Trial{6, [][]int{{1}, {2}}, 0}, -1},
	} {
		got, err := Answer([]Trial{c.trial}, items, absolute)
		if err != nil {
			t.Fatal(err)
		}
		if got.Choices[0] != c.choice || got.Right[0] != (c.choice == c.trial.True) {
			t.Errorf("%s: Answer = %+v, want way %d", c.what, got, c.choice)
		}
	}
}

func TestTrialsOfBrokenEmbeddingsAreRefused(t *testing.T) {
	items := []float32{0, 1, float32(math.NaN())}
	trials := []Trial{{0, [][]int{{0}, {1}}, 0}, {0, [][]int{{1}, {2}}, 0}}
	if _, err := Answer(trials, items, absolute); err == nil || !strings.Contains(err.Error(), "trial 2 is not a number") {
		t.Errorf("Answer with a NaN = %v, want an error that names trial 2", err)
	}
	run := Run[float32]{Training: items, Test: items[:1], Truth: []int{0}}
	if _, err := JudgeRuns([]Run[float32]{run}, absolute); err == nil || !strings.Contains(err.Error(), "run 1 of 1") {
		t.Errorf("JudgeRuns with a NaN = %v, want an error that names run 1", err)
	}
}

// Three runs of crosses, bars and frames, drawn at different places and sizes: centred ink must find them all.
func TestJudgeRunsFindsShapesByTheirInk(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var runs []Run[[]InkPoint]
	for range 3 {
		run := Run[[]InkPoint]{}
		order := rng.Perm(3)
		for kind := range 3 {
			run.Training = append(run.Training, CentredInk(shape(kind, 8, rng.IntN(12), rng.IntN(12)), 32))
		}
		for _, kind := range order {
			run.Test = append(run.Test, CentredInk(shape(kind, 9, rng.IntN(12), rng.IntN(12)), 32))
			run.Truth = append(run.Truth, kind)
		}
		runs = append(runs, run)
	}
	got, err := JudgeRuns(runs, ModifiedHausdorff)
	if err != nil {
		t.Fatal(err)
	}
	if got.Value != 1 || got.N != 9 || !reflect.DeepEqual(got.Runs, []float64{1, 1, 1}) || got.CI95[0] > 0.9 {
		t.Errorf("JudgeRuns = %+v, want all 9 right", got)
	}
	runs[1].Truth[0] = (runs[1].Truth[0] + 1) % 3
	if got, _ = JudgeRuns(runs, ModifiedHausdorff); !reflect.DeepEqual(got.Runs, []float64{1, 2.0 / 3, 1}) || got.Right[3] {
		t.Errorf("JudgeRuns with one wrong truth = %v, want runs 1, 2/3, 1", got.Runs)
	}
}

// shape draws a cross, an upright bar or a frame of a size on a 32×32 page.
func shape(kind, size, top, left int) []uint8 {
	pix := make([]uint8, 32*32)
	for i := range pix {
		pix[i] = 255
	}
	for i := range size {
		switch kind {
		case 0:
			pix[(top+i)*32+left+i], pix[(top+i)*32+left+size-1-i] = 0, 0
		case 1:
			pix[(top+i)*32+left] = 0
		case 2:
			pix[(top+i)*32+left], pix[(top+i)*32+left+size-1] = 0, 0
			pix[top*32+left+i], pix[(top+size-1)*32+left+i] = 0, 0
		}
	}
	return pix
}

func TestRunsThatCannotBeJudgedSayWhy(t *testing.T) {
	for want, run := range map[string]Run[float32]{
		"run 1 of 1: 0 training items":                      {Test: []float32{1}, Truth: []int{0}},
		"1 test items and 2 true answers":                   {Training: []float32{1}, Test: []float32{1}, Truth: []int{0, 0}},
		"belongs to training item 3, but there are 1":       {Training: []float32{1}, Test: []float32{1}, Truth: []int{2}},
		"test item 1 belongs to training item 0, but there": {Training: []float32{1}, Test: []float32{1}, Truth: []int{-1}},
	} {
		if _, err := JudgeRuns([]Run[float32]{run}, absolute); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("JudgeRuns = %v, want an error with %q", err, want)
		}
	}
}

func TestModifiedHausdorffAgreesWithItsDefinition(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	scribble := func() ([]uint8, int) {
		h, w := 1+rng.IntN(30), 1+rng.IntN(30)
		pix := make([]uint8, h*w)
		for i := range pix {
			pix[i] = uint8(128 + rng.IntN(128))
		}
		for range 1 + rng.IntN(20) {
			pix[rng.IntN(len(pix))] = uint8(rng.IntN(128))
		}
		return pix, w
	}
	for range 300 {
		a, widthA := scribble()
		b, widthB := scribble()
		want := slowHausdorff(a, widthA, b, widthB)
		near(t, "ModifiedHausdorff", float64(ModifiedHausdorff(CentredInk(a, widthA), CentredInk(b, widthB))), want, 1e-5)
	}
	if d := ModifiedHausdorff(CentredInk([]uint8{255, 128}, 1), CentredInk([]uint8{0}, 1)); !math.IsInf(float64(d), 1) {
		t.Errorf("ModifiedHausdorff of a blank page = %v, want +Inf", d)
	}
}

// slowHausdorff compares all points with all: the definition.
func slowHausdorff(a []uint8, widthA int, b []uint8, widthB int) float64 {
	centred := func(pix []uint8, w int) (ys, xs []float64) {
		for i, v := range pix {
			if v < 128 {
				ys, xs = append(ys, float64(i/w)), append(xs, float64(i%w))
			}
		}
		meanY, meanX := stats.Mean(ys), stats.Mean(xs)
		for i := range ys {
			ys[i] -= meanY
			xs[i] -= meanX
		}
		return ys, xs
	}
	oneWay := func(ay, ax, by, bx []float64) float64 {
		sum := 0.0
		for i := range ay {
			least := math.Inf(1)
			for j := range by {
				least = min(least, math.Hypot(ay[i]-by[j], ax[i]-bx[j]))
			}
			sum += least
		}
		return sum / float64(len(ay))
	}
	ay, ax := centred(a, widthA)
	by, bx := centred(b, widthB)
	return max(oneWay(ay, ax, by, bx), oneWay(by, bx, ay, ax))
}

func TestCentredInkIsMeasuredFromItsMean(t *testing.T) {
	got := CentredInk([]uint8{255, 0, 255, 200, 127, 128}, 3) // ink at (0,1) and (1,1)
	if want := []InkPoint{{-0.5, 0}, {0.5, 0}}; !reflect.DeepEqual(got, want) {
		t.Errorf("CentredInk = %v, want %v", got, want)
	}
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > tolerance {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func TestRowsCutsAMatrix(t *testing.T) {
	rows := Rows([]float32{1, 2, 3, 4, 6, 3}, 3)
	if len(rows) != 2 || !slices.Equal(rows[0], []float32{1, 2, 3}) || !slices.Equal(rows[1], []float32{4, 6, 3}) {
		t.Errorf("rows = %v, want [[1 2 3] [4 6 3]]", rows)
	}
}

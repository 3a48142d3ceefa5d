package train

import (
	"math"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Each optimizer against its formula, written as a loop on one weight matrix with gradient sin(w + t).
func TestOptimizersFollowTheirFormulas(t *testing.T) {
	const rate, momentum, steps = 0.1, 0.8, 6
	type memory struct{ a, b float64 }
	for name, test := range map[string]struct {
		optimizer Optimizer
		change    func(w, g float64, m *memory, t int) float64
	}{
		"SGD": {SGD{}, func(w, g float64, m *memory, t int) float64 {
			m.a = momentum*m.a - rate*g
			return w + m.a
		}},
		"Adam":  {NewAdam(), func(w, g float64, m *memory, t int) float64 { return w - adam(g, &m.a, &m.b, t, rate) }},
		"AdamW": {NewAdamW(0.3), func(w, g float64, m *memory, t int) float64 { return w*(1-rate*0.3) - adam(g, &m.a, &m.b, t, rate) }},
	} {
		t.Run(name, func(t *testing.T) {
			store := model.NewStore()
			v := store.VariableWithValue("w", [][]float32{{0.5, -1}, {2, 0}})
			exec := model.MustNewExec(backend(t), store, func(scope *model.Scope, time, settings *Node) {
				scalars := make([]*Node, settings.Shape().Dim(0))
				for i := range scalars {
					scalars[i] = Reshape(Slice(settings, AxisElem(i)))
				}
				w := v.NodeValue(time)
				test.optimizer.Update(Update{Scope: store.Scope("/memory"), Variable: v, Gradient: Sin(Add(w, time)),
					Rate: scalars[0], Momentum: scalars[1], Scalars: scalars[2:]})
			})
			want := []float64{0.5, -1, 2, 0}
			memories := make([]memory, 4)
			for step := 1; step <= steps; step++ {
				settings := append([]float32{rate, momentum}, test.optimizer.Scalars(step)...)
				if _, err := exec.Call(float32(step), settings); err != nil {
					t.Fatal(err)
				}
				for i := range want {
					want[i] = test.change(want[i], math.Sin(want[i]+float64(step)), &memories[i], step)
				}
			}
			for i, got := range tensors.MustCopyFlatData[float32](v.MustValue()) {
				if math.Abs(float64(got)-want[i]) > 1e-5 {
					t.Errorf("weight %d after %d steps = %v, want %v", i, steps, got, want[i])
				}
			}
		})
	}
}

func adam(g float64, m, s *float64, t int, rate float64) float64 {
	*m = 0.9**m + 0.1*g
	*s = 0.999**s + 0.001*g*g
	mean := *m / (1 - math.Pow(0.9, float64(t)))
	square := *s / (1 - math.Pow(0.999, float64(t)))
	return rate * mean / (math.Sqrt(square) + 1e-8)
}

func TestSchedules(t *testing.T) {
	for name, test := range map[string]struct {
		schedule Schedule
		want     map[int]float64
	}{
		"Constant": {Constant(), map[int]float64{0: 1, 99: 1}},
		"Decay":    {Decay(0.99), map[int]float64{0: 1, 9: 1, 10: 0.99, 35: 0.99 * 0.99 * 0.99}},
		"Cosine":   {Cosine(110, 10), map[int]float64{0: 0.1, 9: 1, 10: 1, 60: 0.5, 110: 0, 200: 0}},
		"OneCycle": {OneCycle(100), map[int]float64{0: 0.04, 15: 0.52, 30: 1, 65: 0.5, 100: 0}},
	} {
		for step, want := range test.want {
			if got := test.schedule(Moment{step, 10}); math.Abs(got-want) > 1e-12 {
				t.Errorf("%s at step %d = %v, want %v", name, step, got, want)
			}
		}
	}
}

func TestMomentumGrowsLinearlyByTheEpoch(t *testing.T) {
	c := Config{RampEpochs: 4}
	for epoch, want := range []float64{0.5, 0.6, 0.7, 0.8, 0.9, 0.9} {
		if got := c.momentum(Layer{Momentum: 0.9}, epoch); math.Abs(got-want) > 1e-12 {
			t.Errorf("momentum in epoch %d = %v, want %v", epoch, got, want)
		}
	}
}

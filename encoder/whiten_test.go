package encoder

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/siam-go/siam/modelfile"
)

// unit is x·w + b on the unit sphere, by the definition of a dense layer.
func unit(x []float64, w, b []float32) []float64 {
	d := len(b)
	y := make([]float64, d)
	length := 0.0
	for j := range y {
		y[j] = float64(b[j])
		for i, v := range x {
			y[j] += v * float64(w[i*d+j])
		}
		length += y[j] * y[j]
	}
	for j := range y {
		y[j] /= math.Sqrt(length)
	}
	return y
}

// whitenCase is a last layer of k inputs and d outputs, and embeddings of classes that vary much more in one direction.
func whitenCase(k, d int) (weights []modelfile.Tensor, inputs [][]float64, embeddings [][]float32, labels []int) {
	rng := rand.New(rand.NewPCG(5, 5))
	weights = []modelfile.Tensor{
		{Name: lastWeights, Shape: []int{k, d}, Values: make([]float32, k*d)},
		{Name: lastBias, Shape: []int{d}, Values: make([]float32, d)},
		{Name: "stem/weights", Shape: []int{1}, Values: []float32{1}},
	}
	for _, t := range weights[:2] {
		for i := range t.Values {
			t.Values[i] = float32(rng.NormFloat64())
		}
	}
	for label := range 12 {
		centre := make([]float64, k)
		for i := range centre {
			centre[i] = rng.NormFloat64()
		}
		for range 5 {
			x := make([]float64, k)
			for i := range x {
				x[i] = centre[i] + 0.1*rng.NormFloat64()
			}
			x[0] += rng.NormFloat64()
			e := make([]float32, d)
			for j, v := range unit(x, weights[0].Values, weights[1].Values) {
				e[j] = float32(v)
			}
			inputs, embeddings, labels = append(inputs, x), append(embeddings, e), append(labels, label)
		}
	}
	return weights, inputs, embeddings, labels
}

func TestWhitenedEmbeddingsVaryAlikeInAllDirections(t *testing.T) {
	const k, d, shrink = 6, 4, 0.01
	_, _, embeddings, labels := whitenCase(k, d)
	a, err := whitening(embeddings, labels, d, shrink)
	if err != nil {
		t.Fatal(err)
	}
	var s [d][d]float64 // by the definition, class by class
	for label := range 12 {
		for i := range d {
			for j := range d {
				var mi, mj float64
				for n := range 5 {
					mi += float64(embeddings[label*5+n][i]) / 5
					mj += float64(embeddings[label*5+n][j]) / 5
				}
				for n := range 5 {
					s[i][j] += (float64(embeddings[label*5+n][i]) - mi) * (float64(embeddings[label*5+n][j]) - mj) / 60
				}
			}
		}
	}
	trace := s[0][0] + s[1][1] + s[2][2] + s[3][3]
	for i := range d {
		s[i][i] += shrink * trace / d
	}
	var product [d][d]float64 // A·S·A is a multiple of the unit matrix
	for i := range d {
		for j := range d {
			for p := range d {
				for q := range d {
					product[i][j] += a.At(i, p) * s[p][q] * a.At(q, j)
				}
			}
		}
	}
	for i := range d {
		for j := range d {
			want := 0.0
			if i == j {
				want = product[0][0]
			}
			if math.Abs(product[i][j]-want) > 1e-6*product[0][0] {
				t.Errorf("(A·S·A)[%d][%d] = %v, want %v", i, j, product[i][j], want)
			}
		}
	}
	if trace := a.At(0, 0) + a.At(1, 1) + a.At(2, 2) + a.At(3, 3); math.Abs(trace-d) > 1e-9 {
		t.Errorf("tr A = %v, want %d", trace, d)
	}
}

func TestWhitenFoldsTheMatrixIntoTheLastLayer(t *testing.T) {
	const k, d = 6, 4
	weights, inputs, embeddings, labels := whitenCase(k, d)
	spec := Resnet()
	spec.Dim = d
	out, err := Whiten(spec, weights, embeddings, labels, 0.3)
	if err != nil {
		t.Fatal(err)
	}
	a, err := whitening(embeddings, labels, d, 0.3)
	if err != nil {
		t.Fatal(err)
	}
	for n, x := range inputs {
		want := make([]float64, d)
		length := 0.0
		for i := range d {
			for j, v := range embeddings[n] {
				want[i] += a.At(i, j) * float64(v)
			}
			length += want[i] * want[i]
		}
		for i, v := range unit(x, out[0].Values, out[1].Values) {
			if w := want[i] / math.Sqrt(length); math.Abs(v-w) > 1e-5 {
				t.Fatalf("embedding %d[%d] = %v, want %v", n, i, v, w)
			}
		}
	}
	if out[2].Values[0] != 1 || &weights[0].Values[0] == &out[0].Values[0] {
		t.Error("Whiten touched another layer, or the weights it was given")
	}
}

func TestWhitenRefusesWhatItCannotDo(t *testing.T) {
	weights, _, embeddings, labels := whitenCase(6, 4)
	pairs, alone := Koch(), make([]int, len(labels))
	for i := range alone {
		alone[i] = i
	}
	same := make([][]float32, len(embeddings))
	for i := range same {
		same[i] = embeddings[0]
	}
	for name, try := range map[string]func() ([]modelfile.Tensor, error){
		"a pair head":                   func() ([]modelfile.Tensor, error) { return Whiten(pairs, weights, embeddings, labels, 0.3) },
		"no last layer":                 func() ([]modelfile.Tensor, error) { return Whiten(Resnet(), weights[2:], embeddings, labels, 0.3) },
		"one image per class":           func() ([]modelfile.Tensor, error) { return Whiten(Resnet(), weights, embeddings, alone, 0.3) },
		"fewer labels than embeddings":  func() ([]modelfile.Tensor, error) { return Whiten(Resnet(), weights, embeddings, labels[1:], 0.3) },
		"embeddings that are all alike": func() ([]modelfile.Tensor, error) { return Whiten(Resnet(), weights, same, labels, 0.3) },
		"no shrink":                     func() ([]modelfile.Tensor, error) { return Whiten(Resnet(), weights, embeddings, labels, 0) },
	} {
		if _, err := try(); err == nil {
			t.Errorf("Whiten with %s = nil error", name)
		}
	}
}

package encoder

import "fmt"

// PairHead returns the weights of a model's [PairHead]: α [d] and the bias. It fails when the model has none.
func (f *File) PairHead() (alpha []float32, bias float32, err error) {
	for _, t := range f.Weights {
		switch {
		case t.Name == "head/weights" && len(t.Values) == f.Spec.Dim:
			alpha = t.Values
		case t.Name == "head/bias" && len(t.Values) == 1:
			bias = t.Values[0]
		}
	}
	if alpha == nil {
		return nil, 0, fmt.Errorf("the model has no pair head of %d weights", f.Spec.Dim)
	}
	return alpha, bias, nil
}

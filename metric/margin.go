package metric

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"
)

// Margin is the margin-based loss of Wu et al. 2017 ("Sampling Matters"), with a boundary β between same and different that
// is learned from a start:
//
//	same: max(margin + d − β, 0)      different: max(margin + β − d, 0)
//
// The paper has the Euclidean distance on unit vectors, [DistanceWeighted], [MeanActive], margin 0.2 and start 1.2.
func Margin(margin, start float64) Loss {
	boundary := func(scope *model.Scope) *model.Variable {
		return Variable(scope, "boundary", func() *tensors.Tensor { return tensors.FromScalar(float32(start)) })
	}
	return Loss{
		Name:    "margin",
		Declare: func(scope *model.Scope) { boundary(scope) },
		Terms: func(p Pairs) []Terms {
			beta := ConvertDType(boundary(p.Scope).NodeValue(p.Distances), p.Distances.DType())
			beyond := Sub(p.Distances, beta)
			values := relu(AddScalar(Where(p.Same, beyond, Neg(beyond)), margin))
			return []Terms{TermsOf(values, LogicalOr(p.Same, p.Different))}
		},
	}
}

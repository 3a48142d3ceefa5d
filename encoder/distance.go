package encoder

import (
	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/modelfile"
)

// DistanceOf finds how the embeddings of an encoder are compared: by the pair head among its weights, or by the distance of this
// name, which is one of the caller's own or of [distance.All].
func DistanceOf(spec Spec, name string, weights []modelfile.Tensor, own ...distance.Distance) (distance.Distance, error) {
	if !spec.PairHead {
		return distance.ByName(name, own...)
	}
	alpha, bias, err := HeadWeights(weights, spec.Dim)
	if err != nil {
		return distance.Distance{}, err
	}
	return distance.PairHead(alpha, bias), nil
}

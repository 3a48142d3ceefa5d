package gallery

import (
	"math"
	"slices"

	"github.com/siam-go/siam/distance"
)

// Represent replaces the enrolled vectors of each id by what stands for it: with [Nearest] all of them, with [Mean] the mean of those
// that are not outliers. Strangers stay as they are. The key of a mean is that of the id's first entry.
func Represent(v Vectors, how Representation, by distance.Distance) Vectors {
	if how != Mean {
		return v
	}
	means := Vectors{Revision: v.Revision, Dim: v.Dim}
	of := map[string][][]float32{}
	rows := v.rows()
	for i, r := range v.Refs {
		if r.Role == Enrolled {
			of[r.ID] = append(of[r.ID], rows[i])
		}
	}
	for i, r := range v.Refs {
		switch own := of[r.ID]; {
		case r.Role != Enrolled:
			means.Refs, means.Values = append(means.Refs, r), append(means.Values, rows[i]...)
		case own != nil:
			means.Refs, means.Values = append(means.Refs, r), append(means.Values, middle(own, by)...)
			of[r.ID] = nil // once
		}
	}
	return means
}

// outlier is how many times as far from the mean as the median image an image must be not to count.
const outlier = 1.5

// middle is the mean of vectors without outliers, each scaled to length 1 first where the distance does not depend on lengths. It
// leaves out what is far from the mean until nothing more is, or half are left.
func middle(vectors [][]float32, by distance.Distance) []float32 {
	if by.Name == distance.Cosine().Name {
		scaled := make([][]float32, len(vectors))
		for i, v := range vectors {
			scaled[i] = unit(v)
		}
		vectors = scaled
	}
	kept := vectors
	for {
		mean := meanOf(kept)
		if len(kept) < 3 {
			return mean
		}
		distances := make([]float32, len(kept))
		for i, v := range kept {
			distances[i] = by.Of(mean, v)
		}
		sorted := slices.Sorted(slices.Values(distances))
		limit := outlier * sorted[len(sorted)/2]
		var near [][]float32
		for i, v := range kept {
			if distances[i] <= limit {
				near = append(near, v)
			}
		}
		if len(near) == len(kept) || 2*len(near) < len(vectors) {
			return mean
		}
		kept = near
	}
}

func meanOf(vectors [][]float32) []float32 {
	mean := make([]float32, len(vectors[0]))
	for _, v := range vectors {
		for j, x := range v {
			mean[j] += x / float32(len(vectors))
		}
	}
	return mean
}

func unit(v []float32) []float32 {
	var sum float64
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	length := math.Sqrt(sum)
	if length == 0 {
		return v
	}
	scaled := make([]float32, len(v))
	for j, x := range v {
		scaled[j] = float32(float64(x) / length)
	}
	return scaled
}

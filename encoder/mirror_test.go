package encoder

import (
	"math"
	"slices"
	"testing"
)

// mirrored are images of width w with c channels, left to right.
func mirrored(images []float32, w, c int) []float32 {
	out := slices.Clone(images)
	for row := range slices.Chunk(out, w*c) {
		for x := range w / 2 {
			for k := range c {
				row[x*c+k], row[(w-1-x)*c+k] = row[(w-1-x)*c+k], row[x*c+k]
			}
		}
	}
	return out
}

func TestMirrorAveragesAnImageAndItsMirrorImage(t *testing.T) {
	b := backend(t)
	for name, normalized := range map[string]bool{"on the sphere": true, "anywhere": false} {
		spec := specs()["resnet"]
		spec.Normalize = normalized
		single, err := NewEmbedder(b, spec, weights(t, b, spec, 1))
		if err != nil {
			t.Fatal(err)
		}
		spec.Mirror = true
		both, err := NewEmbedder(b, spec, weights(t, b, spec, 1))
		if err != nil {
			t.Fatal(err)
		}
		images := pictures(spec.Preprocess, 3)
		flipped := mirrored(images, spec.Preprocess.Width, 1)
		embed := func(e *Embedder, images []float32) [][]float32 {
			rows, err := e.Embed(t.Context(), images)
			if err != nil {
				t.Fatal(err)
			}
			return rows
		}
		a, z, got, turned := embed(single, images), embed(single, flipped), embed(both, images), embed(both, flipped)
		for i := range got {
			want, length := make([]float32, spec.Dim), 0.0
			for j := range want {
				want[j] = (a[i][j] + z[i][j]) / 2
				length += float64(want[j]) * float64(want[j])
			}
			for j := range want {
				if normalized {
					want[j] /= float32(math.Sqrt(length))
				}
			}
			if !close(got[i], want, 1e-5) || !close(turned[i], want, 1e-5) {
				t.Errorf("%s: embedding %d = %v, of the mirror image %v, want %v", name, i, got[i], turned[i], want)
			}
		}
	}
}

package bench

import (
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/encoder"
)

// macs counts the products of a layer one by one.
func macs(l Layer) int {
	h, w := l.Output()
	count := 0
	for oh := range h {
		for ow := range w {
			for k := range l.Kernel * l.Kernel {
				y, x := oh*max(1, l.Stride)+k/l.Kernel-l.Padding(), ow*max(1, l.Stride)+k%l.Kernel-l.Padding()
				if y >= 0 && y < l.H && x >= 0 && x < l.W {
					count += l.N * l.C * l.Filters
				}
			}
		}
	}
	return count
}

func TestFLOPsCountProductsInsideTheImage(t *testing.T) {
	for _, net := range [][]Layer{Conv4(2), Koch(2), PersonCrops(2), VGG16(32)} {
		for _, l := range net {
			if got, want := l.FLOPs(), 2*float64(macs(l)); got != want {
				t.Errorf("FLOPs of %+v = %v, want %v", l, got, want)
			}
		}
	}
}

func TestLayersAreThoseOfTheEncoders(t *testing.T) {
	for _, test := range []struct {
		spec encoder.Spec
		net  []Layer
	}{{encoder.Conv4(28), Conv4(1)}, {encoder.Koch(), Koch(1)}} {
		outputs := outputShapes(t, test.spec)
		for _, l := range test.net {
			h, w := l.Output()
			want := shapes.Make(dtypes.Float32, l.N, h, w, l.Filters)
			if l.Name == "dense" {
				want = shapes.Make(dtypes.Float32, l.N, l.Filters)
			}
			if got := outputs[l.Name]; !got.Equal(want) {
				t.Errorf("%s of %s has shape %s in bench, want %s", l.Name, test.spec.Arch, want, got)
			}
		}
	}
}

// outputShapes are those of an encoder's layers for one image, by name.
func outputShapes(t *testing.T, spec encoder.Spec) map[string]shapes.Shape {
	t.Helper()
	backend, err := cpu.New(cpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g := graph.NewGraph(backend, spec.Arch)
	defer g.Finalize()
	p := spec.Preprocess
	images := graph.Parameter(g, "images", shapes.Make(dtypes.Float32, 1, p.Height, p.Width, p.Channels))
	outputs := make(map[string]shapes.Shape)
	for _, l := range encoder.BuildLayers(model.NewStore().RootScope(), spec, images) {
		outputs[l.Name] = l.Output.Shape()
	}
	return outputs
}

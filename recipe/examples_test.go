package recipe

import (
	"testing"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/imgproc"
)

// numbered is a set of classes with as many images each as given, whose pixel is the class.
func numbered(images ...int) *dataset.Set {
	set := &dataset.Set{Classes: make([]dataset.Class, len(images))}
	for class, n := range images {
		for range n {
			set.Items = append(set.Items, dataset.Item{Label: class, Image: imgproc.Filled(1, 1, 1, uint8(class))})
		}
	}
	return set
}

func TestEpisodesAskForOneOfEachClass(t *testing.T) {
	for _, c := range []struct {
		images     []int
		many, ways int
	}{{[]int{3, 2, 1, 1, 1, 4, 2, 2}, 4, 5}, {[]int{2, 1}, 1, 2}, {[]int{1, 1, 1}, 0, 0}, {[]int{5}, 0, 0}, {nil, 0, 0}} {
		set := numbered(c.images...)
		drawn := drawEpisodes(set, 1)
		if len(drawn) != c.many {
			t.Errorf("%v: %d episodes, want %d", c.images, len(drawn), c.many)
		}
		for _, e := range drawn {
			seen := map[int]bool{}
			for _, at := range e[1:] {
				seen[set.Items[at].Label] = true
			}
			if len(e) != 1+c.ways || len(seen) != c.ways || e[0] == e[1] || set.Items[e[0]].Label != set.Items[e[1]].Label {
				t.Errorf("%v: episode %v, want one asked, another of its class, and %d of other classes", c.images, e, c.ways-1)
			}
		}
	}
}

func TestEpisodesAreAnsweredNearestFirst(t *testing.T) {
	set := numbered(2, 1, 1)
	embeddings := [][]float32{{0}, {3}, {1}, {9}}
	x := episode{0, 1, 2, 3}.answered(set, embeddings, func(a, b []float32) float32 { return b[0] - a[0] })
	for i, want := range []struct {
		distance float32
		same     bool
		class    uint8
	}{{1, false, 1}, {3, true, 0}, {9, false, 2}} {
		if got := x.Answers[i]; got.Distance != want.distance || got.Same != want.same || got.Image.Pix[0] != want.class {
			t.Errorf("answer %d: %+v, want %+v", i, got, want)
		}
	}
}

package recipe

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/imgproc"
)

// Example is a one-shot episode of what validates: which of some images, one of each class, shows the same as the image that is asked about?
type Example struct {
	Asked   imgproc.Image
	Answers []Answer // nearest first
}

// Answer is one of the images to choose from.
type Answer struct {
	Image    imgproc.Image
	Distance float32 // from the image asked about, as the network sees it now
	Same     bool    // whether it is the right one
}

// examplesShown and exampleWays are how many examples there are, and how many images to choose from each has, at most.
const examplesShown, exampleWays = 4, 5

// episode is the numbers of its items: the one asked about, the right one, and those of other classes.
type episode []int

// drawEpisodes draws examples from a set, the same for the same seed: none where no class has two images, or there is one class only.
func drawEpisodes(set *dataset.Set, seed uint64) (drawn []episode) {
	of := make([][]int, len(set.Classes))
	for i, item := range set.Items {
		if item.Vector == nil {
			of[item.Label] = append(of[item.Label], i)
		}
	}
	of = slices.DeleteFunc(of, func(items []int) bool { return len(items) == 0 })
	if len(of) < 2 {
		return nil
	}
	rng := rand.New(rand.NewPCG(seed, 17))
	rng.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] })
	for at, own := range of {
		if len(own) < 2 || len(drawn) == examplesShown {
			continue
		}
		two := rng.Perm(len(own))
		e := episode{own[two[0]], own[two[1]]}
		for n := 1; n < min(exampleWays, len(of)); n++ {
			others := of[(at+n)%len(of)]
			e = append(e, others[rng.IntN(len(others))])
		}
		drawn = append(drawn, e)
	}
	return drawn
}

// answered is an episode as embeddings of the set's items answer it.
func (e episode) answered(set *dataset.Set, embeddings [][]float32, compare distance) Example {
	x := Example{Asked: set.Items[e[0]].Pixels()}
	for n, at := range e[1:] {
		x.Answers = append(x.Answers, Answer{set.Items[at].Pixels(), compare(embeddings[e[0]], embeddings[at]), n == 0})
	}
	x.sort()
	return x
}

func (x *Example) sort() {
	slices.SortStableFunc(x.Answers, func(a, b Answer) int { return cmp.Compare(a.Distance, b.Distance) })
}

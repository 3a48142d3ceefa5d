package judge

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/siam-go/siam/distance"
	"github.com/siam-go/siam/eval"
)

// Grouping says how the pictures of an album are grouped: agglomerative clustering of their embeddings, as FaceNet groups faces.
type Grouping struct {
	Linkage   eval.Linkage
	Threshold *float64 // distance up to which groups are joined; nil chooses one, at most the model's own
	Groups    int      // above 0 makes as many groups instead
}

// Clusters are the groups of one identity that were found in an album.
type Clusters struct {
	Images    int      `json:"images"`
	Threshold *float64 `json:"threshold,omitempty"` // absent when the number of groups was given
	// ThresholdFrom says where the threshold is from: "given"; or "silhouette", of which it is the best up to the model's own; or "model".
	ThresholdFrom  string     `json:"threshold_from,omitempty"`
	ModelThreshold *float64   `json:"model_threshold,omitempty"` // up to which the model calls two images the same; absent when it has none
	Silhouette     *float64   `json:"silhouette,omitempty"`      // mean over the pictures at the threshold, where that was chosen by it
	Groups         [][]string `json:"groups"`                    // files, the largest group first
	// Judged compares the groups with the identities that the folder's layout tells, without Copies.
	Judged *eval.Clustering `json:"judged,omitempty"`
	Copies []Copy           `json:"copies"` // pictures that show the same as another, of the same identity where these are known

	Rows   [][]int `json:"-"` // places of the groups' pictures in the album
	found  []int   // number of each picture's group
	album  *Album
	copies map[int]bool // pictures that are copies
}

// MostClustered is the most pictures that are grouped: memory grows with their square, here to 1.6 GB.
const MostClustered = 20000

// Cluster groups the pictures of an album. It fails when there are more than [MostClustered].
func (al *Album) Cluster(model Model, how Grouping) (*Clusters, error) {
	if n := len(al.Pictures); n > MostClustered {
		return nil, fmt.Errorf("%s has %d faces, want at most %d, as memory grows with their square: choose some with --only",
			al.Folder.Path, n, MostClustered)
	}
	pairs, err := distance.NewPairs(model.NamedDistance(), al.embeddings())
	if err != nil {
		return nil, err
	}
	tree, err := eval.Agglomerate(pairs, how.Linkage)
	if err != nil {
		return nil, err
	}
	c := &Clusters{Images: len(al.Pictures), ModelThreshold: thresholdOf(model), album: al}
	c.Copies, c.copies = al.copies()
	if how.Groups > 0 {
		c.found = tree.CutInto(how.Groups)
	} else {
		c.choose(how.Threshold, func() (float64, float64) {
			return eval.BestCut(tree, pairs, most(model))
		})
		c.found = tree.Cut(*c.Threshold)
	}
	c.Rows = bySize(c.found)
	for _, group := range c.Rows {
		var names []string
		for _, i := range group {
			names = append(names, al.Pictures[i].Name)
		}
		c.Groups = append(c.Groups, names)
	}
	return c, nil
}

// choose takes the threshold that is given, or the best cut.
func (c *Clusters) choose(given *float64, best func() (threshold, silhouette float64)) {
	if c.Threshold, c.ThresholdFrom = given, "given"; given != nil {
		return
	}
	threshold, silhouette := best()
	c.Threshold, c.ThresholdFrom = &threshold, "silhouette"
	if c.ModelThreshold != nil && threshold == *c.ModelThreshold {
		c.ThresholdFrom = "model"
		return
	}
	c.Silhouette = &silhouette
}

// Why says in words where the threshold is from.
func (c *Clusters) Why() string {
	switch {
	case c.Threshold == nil:
		return "joined until as many groups are left as were asked for"
	case c.ThresholdFrom == "given":
		return fmt.Sprintf("joined up to distance %.4f, as given", *c.Threshold)
	case c.ThresholdFrom == "model":
		return fmt.Sprintf("joined up to distance %.4f, the model's own threshold", *c.Threshold)
	case c.ModelThreshold == nil:
		return fmt.Sprintf("joined up to distance %.4f, which sets the groups apart best (mean silhouette %.3f); the model has no threshold of its own",
			*c.Threshold, *c.Silhouette)
	}
	return fmt.Sprintf("joined up to distance %.4f, which of all up to the model's own threshold, %.4f, sets the groups apart best (mean silhouette %.3f)",
		*c.Threshold, *c.ModelThreshold, *c.Silhouette)
}

// most is the largest distance up to which groups may be joined: the model's threshold, or any without one.
func most(model Model) float64 {
	if threshold := thresholdOf(model); threshold != nil {
		return *threshold
	}
	return math.Inf(1)
}

// bySize lists the rows of each cluster, the largest first.
func bySize(clusters []int) [][]int {
	groups := make([][]int, slices.Max(clusters)+1)
	for row, c := range clusters {
		groups[c] = append(groups[c], row)
	}
	slices.SortStableFunc(groups, func(a, b []int) int { return cmp.Compare(len(b), len(a)) })
	return groups
}

// Judge compares the groups with the identities that the files tell. It fails when they tell none.
func (c *Clusters) Judge(seed uint64) error {
	if !c.album.Known { // as when faces were found in some photographs only
		return fmt.Errorf("the faces found in %s are not of two identities, one of them with two", c.album.Folder.Path)
	}
	labels, _ := c.album.labels()
	var kept, found []int // of the pictures that are no copies
	for i, label := range labels {
		if !c.copies[i] {
			kept, found = append(kept, label), append(found, c.found[i])
		}
	}
	judged, err := eval.JudgeClusters(kept, found, seed)
	c.Judged = &judged
	return err
}

// Alone counts the groups of one picture.
func (c *Clusters) Alone() int {
	alone := 0
	for _, group := range c.Rows {
		if len(group) == 1 {
			alone++
		}
	}
	return alone
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/siam-go/siam/eval"
	"github.com/spf13/cobra"
)

// clusterFlags are the flags of siam cluster.
type clusterFlags struct {
	albumFlags
	linkage             string
	threshold           float64
	groups              int
	sheet, report, into string
}

// clustered is what siam cluster prints as JSON.
type clustered struct {
	Images    int        `json:"images"`
	Threshold *float64   `json:"threshold,omitempty"` // absent when the number of groups was given
	Groups    [][]string `json:"groups"`              // files, the largest group first
	// Judged compares the groups with the identities that the folder's layout tells.
	Judged *eval.Clustering `json:"judged,omitempty"`
}

func (a *app) clusterCommand() *cobra.Command {
	var f clusterFlags
	cmd := &cobra.Command{
		Use:   "cluster --model M --data DIR",
		Short: "group a folder of images by identity, with a contact sheet",
		Long: `Groups the images of a folder, or with --faces the faces in its photographs, by whom or what they show: agglomerative
clustering of their embeddings, as FaceNet groups faces. Groups are joined while the mean distance between their images is
at most the model's threshold, or --threshold.`,
		Example: `  siam cluster --model faces.safetensors --data photos --sheet groups.png
  siam cluster --model faces.safetensors --data people --labels --report groups.html`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.cluster(cmd.Context(), f) },
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.Float64Var(&f.threshold, "threshold", -1, "distance up to which groups are joined; the model's own when not given")
	flags.IntVar(&f.groups, "groups", 0, "make this `number` of groups instead")
	flags.StringVar(&f.linkage, "linkage", "average", "distance of two groups: average, complete (largest) or single (smallest) of their images")
	flags.BoolVar(&f.labels, "labels", false, "compare with the identities that folders or file names tell")
	flags.StringVar(&f.sheet, "sheet", "", "PNG `file` to write with all pictures, each group in rows of its own")
	flags.StringVar(&f.report, "report", "", "HTML `file` to write with all pictures, group by group")
	flags.StringVar(&f.into, "into", "", "new `folder` to copy the images to, a folder for each group")
	return cmd
}

// mostClustered is the most images that siam cluster takes: its memory grows with their square, here to 1.6 GB.
const mostClustered = 20000

func (a *app) cluster(ctx context.Context, f clusterFlags) error {
	linkage, known := map[string]eval.Linkage{"average": eval.Average, "complete": eval.Complete, "single": eval.Single}[f.linkage]
	switch {
	case !known:
		return usagef("--linkage %s: want average, complete or single", f.linkage)
	case f.groups < 0:
		return usagef("--groups %d: want 1 or more", f.groups)
	case f.groups > 0 && f.threshold >= 0:
		return usagef("give either --groups or --threshold")
	}
	if err := f.checkOutputs(); err != nil {
		return err
	}
	model, closeModel, err := a.openModel(f.model)
	if err != nil {
		return err
	}
	defer closeModel()
	f.most = mostClustered
	al, err := a.openAlbum(ctx, model, f.albumFlags)
	if err != nil {
		return err
	}
	if n := len(al.files); n > mostClustered {
		return fmt.Errorf("%s has %d faces, want at most %d, as memory grows with their square: choose some with --only", f.data, n, mostClustered)
	}
	tree, err := eval.Agglomerate(al.embeddings, model.Distance, linkage)
	if err != nil {
		return err
	}
	if f.threshold < 0 && f.groups == 0 {
		most := math.Inf(1)
		if threshold := thresholdOf(model); threshold != nil {
			most = *threshold
		}
		f.threshold, _ = eval.BestCut(tree, al.embeddings, model.Distance, most)
	}
	found := tree.Cut(f.threshold)
	if f.groups > 0 {
		found = tree.CutInto(f.groups)
	}
	return a.showClusters(f, al, found)
}

// checkOutputs finds out early what cannot be written.
func (f clusterFlags) checkOutputs() error {
	if err := f.faces.check(); err != nil {
		return err
	}
	for _, file := range []string{f.sheet, f.report} {
		if err := checkOut(file); err != nil {
			return err
		}
	}
	if f.into == "" {
		return nil
	}
	if _, err := os.Stat(f.into); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--into %s: it exists already: choose another name or remove it", f.into)
	}
	return nil
}

func (a *app) showClusters(f clusterFlags, al *album, found []int) error {
	result := clustered{Images: len(al.files)}
	if f.groups == 0 {
		result.Threshold = &f.threshold
	}
	groups := bySize(found)
	for _, group := range groups {
		var names []string
		for _, i := range group {
			names = append(names, al.names[i])
		}
		result.Groups = append(result.Groups, names)
	}
	if f.labels {
		if al.identities == nil { // as when faces were found in some photographs only
			return fmt.Errorf("--labels: the faces found in %s are not of two identities, one of them with two", f.data)
		}
		judged, err := eval.JudgeClusters(al.labels(), found, a.seed)
		if err != nil {
			return err
		}
		result.Judged = &judged
	}
	if err := f.write(al, groups, result.Judged); err != nil {
		return err
	}
	return a.print(result, result.text())
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

func (c clustered) text() string {
	var b strings.Builder
	alone := 0
	for i, group := range c.Groups {
		if len(group) == 1 {
			alone++
			continue
		}
		fmt.Fprintf(&b, "group %d, %d images: %s\n", i+1, len(group), strings.Join(group, " "))
	}
	fmt.Fprintf(&b, "%d groups, %d images alone\n", len(c.Groups)-alone, alone)
	if j := c.Judged; j != nil {
		fmt.Fprintf(&b, "against %d identities: pairwise F %s, BCubed F %s, NMI %s\n", j.Labels, withInterval(j.Pairwise.F, j.PairwiseCI95),
			withInterval(j.BCubed.F, j.BCubedCI95), withInterval(j.NMI, j.NMICI95))
	}
	return b.String()
}

func withInterval(value float64, ci eval.Interval) string {
	return fmt.Sprintf("%.3f (%s)", value, span(ci))
}

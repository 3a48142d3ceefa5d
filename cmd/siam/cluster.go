package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/internal/atomicfile"
	"github.com/siam-go/siam/internal/parallel"
	"github.com/siam-go/siam/judge"
	"github.com/siam-go/siam/report"
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

func (a *app) clusterCommand() *cobra.Command {
	var f clusterFlags
	cmd := &cobra.Command{
		Use:   "cluster --model M --data DIR",
		Short: "group a folder of images by identity, with a contact sheet",
		Long: `Groups the images of a folder, or with --faces the faces in its photographs, by whom or what they show: agglomerative
clustering of their embeddings, as FaceNet groups faces. Groups are joined while the mean distance between their images is
at most --threshold. Without it, of all distances up to the model's own threshold that one is taken which sets the groups apart best, by
the mean silhouette; what it is, and why, is printed.`,
		Example: `  siam cluster --model faces.safetensors --data photos --sheet groups.png
  siam cluster --model faces.safetensors --data people --labels --report groups.html`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.cluster(cmd.Context(), f) },
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.Float64Var(&f.threshold, "threshold", -1, "distance up to which groups are joined; the best up to the model's own when not given")
	flags.IntVar(&f.groups, "groups", 0, "make this `number` of groups instead")
	flags.StringVar(&f.linkage, "linkage", "average", "distance of two groups: average, complete (largest) or single (smallest) of their images")
	flags.BoolVar(&f.labels, "labels", false, "compare with the identities that folders or file names tell")
	flags.StringVar(&f.sheet, "sheet", "", "PNG `file` to write with all pictures, each group in rows of its own")
	flags.StringVar(&f.report, "report", "", "HTML `file` to write with all pictures, group by group")
	flags.StringVar(&f.into, "into", "", "new `folder` to copy the images to, a folder for each group")
	return cmd
}

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
	how := judge.Grouping{Linkage: linkage, Groups: f.groups}
	if f.threshold >= 0 {
		how.Threshold = &f.threshold
	}
	f.most = judge.MostClustered
	return a.withAlbum(ctx, f.albumFlags, func(model *siam.Model, al *judge.Album) error { return a.clusterAlbum(ctx, f, how, model, al) })
}

func (a *app) clusterAlbum(ctx context.Context, f clusterFlags, how judge.Grouping, model *siam.Model, al *judge.Album) error {
	a.say("grouping %d pictures", len(al.Pictures))
	found, err := parallel.UnlessEnded(ctx, func() (*judge.Clusters, error) {
		found, err := al.Cluster(model, how)
		if err != nil || !f.labels {
			return found, err
		}
		if err := found.Judge(a.seed); err != nil {
			return found, fmt.Errorf("--labels: %w", err)
		}
		return found, nil
	})
	if err != nil {
		return err
	}
	a.sayCopies(found.Copies)
	if err := f.write(al, found); err != nil {
		return err
	}
	return a.print(found, clustersText(found))
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

func clustersText(c *judge.Clusters) string {
	var b strings.Builder
	for i, group := range c.Groups {
		if len(group) > 1 {
			fmt.Fprintf(&b, "group %d, %d images: %s\n", i+1, len(group), strings.Join(group, " "))
		}
	}
	fmt.Fprintf(&b, "%d groups, %d images alone\n", len(c.Groups)-c.Alone(), c.Alone())
	fmt.Fprintln(&b, c.Why())
	if j := c.Judged; j != nil {
		fmt.Fprintf(&b, "against %d identities: pairwise F %s, BCubed F %s, NMI %s (95 %% intervals by identities)\n", j.Labels,
			withInterval(j.Pairwise.F), withInterval(j.BCubed.F), withInterval(j.NMI))
	}
	return b.String()
}

// write makes the files that are asked for.
func (f clusterFlags) write(al *judge.Album, found *judge.Clusters) error {
	if f.sheet != "" {
		if err := found.Sheet().WriteFile(f.sheet); err != nil {
			return err
		}
	}
	if f.report != "" {
		page := report.New("Groups")
		page.Subtitle = fmt.Sprintf("Model %s on %s, %s linkage, commit %s", f.model, f.data, f.linkage, thisBuild().Commit)
		found.AddTo(page)
		if err := page.WriteFile(f.report); err != nil {
			return err
		}
	}
	if f.into != "" {
		return copyGroups(f.into, al, found.Rows)
	}
	return nil
}

// copyGroups copies the files of group i to the folder into/group00i.
func copyGroups(into string, al *judge.Album, groups [][]int) error {
	return atomicfile.Folder(into, func(partial string) error {
		for g, group := range groups {
			dir := filepath.Join(partial, fmt.Sprintf("group%03d", g+1))
			if err := os.Mkdir(dir, 0o755); err != nil {
				return err
			}
			files := map[string]string{} // by what they are called in the group
			for _, i := range group {
				file := al.Pictures[i].File
				files[nameAmong(files, file)] = file
			}
			for name, file := range files {
				if err := copyImage(filepath.Join(dir, name), al.Folder, file); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// nameAmong is what a file is called in a group: folder/1.png is folder-1.png, and folder-1 (2).png where another file has that name.
func nameAmong(files map[string]string, file string) string {
	plain := strings.ReplaceAll(path.Clean(file), "/", "-")
	name := plain
	for n := 2; ; n++ {
		if other, taken := files[name]; !taken || other == file {
			return name
		}
		end := path.Ext(plain)
		name = fmt.Sprintf("%s (%d)%s", strings.TrimSuffix(plain, end), n, end)
	}
}

func copyImage(to string, from dataset.Folder, file string) error {
	content, err := fs.ReadFile(from.FS, file)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o644)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/gallery"
	"github.com/spf13/cobra"
)

func (a *app) galleryListCommand() *cobra.Command {
	var f galleryFlags
	var all bool
	cmd := &cobra.Command{
		Use:   "list --db URL",
		Short: "who is enrolled, or with --all which galleries there are",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if all {
				return f.withStore(cmd.Context(), func(store gallery.Store) error { return a.listGalleries(cmd.Context(), store) })
			}
			return f.withGallery(cmd.Context(), func(g *gallery.Gallery) error { return a.listIDs(cmd.Context(), f.name, g) })
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "list the galleries of the store")
	return cmd
}

func (a *app) listGalleries(ctx context.Context, store gallery.Store) error {
	all, err := store.Galleries(ctx)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, s := range all {
		fmt.Fprintf(&b, "%s: %s, model %.12s, %s\n", s.Name, s.Kind, s.Model, calibrated(s))
	}
	return a.print(api.Galleries{Galleries: append([]gallery.Settings{}, all...)}, b.String())
}

func calibrated(s gallery.Settings) string {
	if s.Calibration == nil {
		return "not calibrated"
	}
	return fmt.Sprintf("match up to %.4f, refer up to %.4f", s.Calibration.Thresholds.Match, s.Calibration.Thresholds.Refer)
}

func (a *app) listIDs(ctx context.Context, name string, g *gallery.Gallery) error {
	ids, err := g.List(ctx)
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, id := range ids {
		fmt.Fprintf(&b, "%s: %s, last on %s\n", id.ID, count(id.Images, "image"), id.Last.Format(time.DateOnly))
	}
	fmt.Fprintf(&b, "%s in gallery %q\n", count(len(ids), "id"), name)
	return a.print(api.Listed{Gallery: name, IDs: ids}, b.String())
}

func (a *app) galleryRenameCommand() *cobra.Command {
	return a.moveCommand("rename", "give somebody another id", false)
}

func (a *app) galleryMergeCommand() *cobra.Command {
	return a.moveCommand("merge", "make one id of two: the images of FROM become those of TO", true)
}

// movedID is what siam gallery rename and merge print as JSON.
type movedID struct {
	From string `json:"from"`
	To   string `json:"to"`
}

func (a *app) moveCommand(name, short string, merge bool) *cobra.Command {
	var f galleryFlags
	cmd := &cobra.Command{
		Use:   name + " --db URL FROM TO",
		Short: short,
		Args:  wants("FROM", "TO"),
		RunE: func(cmd *cobra.Command, ids []string) error {
			return f.withGallery(cmd.Context(), func(g *gallery.Gallery) error {
				if err := g.Rename(cmd.Context(), ids[0], ids[1], merge); err != nil {
					return err
				}
				return a.print(movedID{ids[0], ids[1]}, fmt.Sprintf("%s is %s now\n", ids[0], ids[1]))
			})
		},
	}
	f.add(cmd)
	return cmd
}

// erased is what siam gallery remove, drop and purge print as JSON.
type erased struct {
	Gallery string   `json:"gallery"`
	IDs     []string `json:"ids,omitempty"`
	Entries *int     `json:"entries,omitempty"`
}

func (a *app) galleryRemoveCommand() *cobra.Command {
	var f galleryFlags
	cmd := &cobra.Command{
		Use:   "remove --db URL ID...",
		Short: "erase people: images, embeddings, and what waits for review or is logged about them",
		Long: `Erases ids, all or none of those named: their images, embeddings, faces that wait for review on their account, and what the audit
log says about them. The bytes leave the store's files. The log then says who erased how many ids, and when.`,
		Args: wants("ID..."),
		RunE: func(cmd *cobra.Command, ids []string) error {
			return f.withGallery(cmd.Context(), func(g *gallery.Gallery) error {
				if err := g.Remove(cmd.Context(), ids...); err != nil {
					return err
				}
				return a.print(erased{Gallery: f.name, IDs: ids}, fmt.Sprintf("erased %s\n", strings.Join(ids, ", ")))
			})
		},
	}
	f.add(cmd)
	return cmd
}

func (a *app) galleryDropCommand() *cobra.Command {
	var f galleryFlags
	var yes bool
	cmd := &cobra.Command{
		Use:   "drop --db URL --yes",
		Short: "erase a whole gallery",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !yes {
				return usagef("gallery drop: this erases gallery %q with all that it holds: add --yes to do it", f.name)
			}
			return f.withGallery(cmd.Context(), func(g *gallery.Gallery) error {
				if err := g.Drop(cmd.Context()); err != nil {
					return err
				}
				return a.print(erased{Gallery: f.name}, fmt.Sprintf("erased gallery %q\n", f.name))
			})
		},
	}
	f.add(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "really")
	return cmd
}

func (a *app) galleryPurgeCommand() *cobra.Command {
	var f galleryFlags
	var older string
	cmd := &cobra.Command{
		Use:   "purge --db URL --older-than AGE",
		Short: "erase all that is older than a time, such as 90d",
		Long: `Erases entries that were made before a time: enrolled images, strangers, and faces that wait for review; and empties what the
audit log says of events before it. The lines of the log remain, so that its chain holds.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			age, err := parseAge(older)
			if err != nil {
				return err
			}
			return f.withGallery(cmd.Context(), func(g *gallery.Gallery) error {
				n, err := g.Purge(cmd.Context(), time.Now().Add(-age))
				if err != nil {
					return err
				}
				return a.print(erased{Gallery: f.name, Entries: &n}, fmt.Sprintf("erased %d entries older than %s\n", n, older))
			})
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&older, "older-than", "", "`age`, such as 90d, 12h or 2y")
	return cmd
}

// parseAge reads a number of years, weeks, days, or what Go calls a duration.
func parseAge(text string) (time.Duration, error) {
	const day = 24 * time.Hour
	bad := usagef("--older-than %q: want an age such as 90d, 12h, 8w or 2y", text)
	if text == "" {
		return 0, bad
	}
	unit, known := map[byte]time.Duration{'d': day, 'w': 7 * day, 'y': 365 * day}[text[len(text)-1]]
	if known {
		n, err := strconv.ParseFloat(text[:len(text)-1], 64)
		if err != nil || !(n >= 0 && n < 200*365) {
			return 0, bad
		}
		return time.Duration(n * float64(unit)), nil
	}
	age, err := time.ParseDuration(text)
	if err != nil || age < 0 {
		return 0, bad
	}
	return age, nil
}

func (a *app) galleryRejectCommand() *cobra.Command {
	var f identifyFlags
	cmd := &cobra.Command{
		Use:   "reject --db URL [--id ID] FILE...",
		Short: "this is not him: keep a face as a stranger, who competes with ids",
		Long: `Keeps the image, or the main face of a photograph, of somebody who was taken for ID, or who is not enrolled and is not to be
mistaken for anybody. The stranger has no name, competes with ids from then on, and enters the next calibration.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, files []string) error { return a.galleryReject(cmd.Context(), f, files) },
	}
	f.galleryFlags.add(cmd)
	f.modelFlags.add(cmd)
	f.addEmbeddings(cmd)
	cmd.Flags().StringVar(&f.id, "id", "", "whom it was taken for")
	return cmd
}

func (a *app) galleryReject(ctx context.Context, f identifyFlags, files []string) error {
	if err := f.want(files, "reject"); err != nil {
		return err
	}
	return a.withSight(ctx, f.galleryFlags, f.modelFlags, func(s *seeing) error {
		photos, err := f.probes(ctx, s, files, !s.settings.DropCrops)
		if err != nil {
			return err
		}
		var images []gallery.Enrolment
		for _, photo := range photos {
			face, note, err := photo.MainFace()
			if err != nil {
				return err
			}
			if note != "" {
				a.say("%s: %s", photo.Name, note)
			}
			images = append(images, gallery.Enrolment{Name: photo.Name, Hash: photo.Hash, Face: face})
		}
		if err := s.Reject(ctx, f.id, images...); err != nil {
			return err
		}
		out := struct {
			Gallery  string `json:"gallery"`
			Rejected int    `json:"rejected"`
		}{f.name, len(images)}
		return a.print(out, fmt.Sprintf("%s kept as strangers in gallery %q: calibrate it again with siam gallery calibrate\n", count(len(images), "image"), f.name))
	})
}

// notFound adds what to do about an id or a gallery that is not there.
func notFound(err error) error {
	if errors.Is(err, gallery.ErrNotFound) {
		return fmt.Errorf("%w: siam gallery list shows what there is", err)
	}
	return err
}

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/gallery"
	"github.com/spf13/cobra"
)

// reviewFlags are those of siam gallery review.
type reviewFlags struct {
	galleryFlags
	enroll, stranger, dismiss []string
	id, crops                 string
}

func (a *app) galleryReviewCommand() *cobra.Command {
	var f reviewFlags
	cmd := &cobra.Command{
		Use:   "review --db URL",
		Short: "faces that were referred or not matched: list them, enroll or dismiss each",
		Long: `Lists the faces that siam gallery identify kept with --review, those that look alike together. --enroll and --id make a face
one of an id, --stranger keeps it as one who is nobody enrolled, and --dismiss erases it. KEY names one face; more than one are
separated by commas.`,
		Example: `  siam gallery review --db sqlite:g.db --crops faces
  siam gallery review --db sqlite:g.db --enroll 00064a --id Anna`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.galleryReview(cmd.Context(), f) },
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.StringSliceVar(&f.enroll, "enroll", nil, "enroll the faces with these `keys`, or beginnings of keys, as --id")
	flags.StringVar(&f.id, "id", "", "with --enroll, who it is")
	flags.StringSliceVar(&f.stranger, "stranger", nil, "keep the faces with these `keys` as strangers")
	flags.StringSliceVar(&f.dismiss, "dismiss", nil, "erase the faces with these `keys`")
	flags.StringVar(&f.crops, "crops", "", "write the pictures of the faces into this `folder`, to look at")
	return cmd
}

func (a *app) galleryReview(ctx context.Context, f reviewFlags) error {
	if (len(f.enroll) > 0) != (f.id != "") {
		return usagef("gallery review: give --enroll KEY and --id ID together")
	}
	return f.withStore(ctx, func(store gallery.Store) error {
		g, err := gallery.OpenStored(ctx, store, f.name, f.options()...)
		if err != nil {
			return err
		}
		if err := f.settle(ctx, g); err != nil {
			return err
		}
		if f.crops != "" {
			if err := writeCrops(ctx, g, f.crops); err != nil {
				return err
			}
		}
		groups, err := g.Review(ctx)
		if err != nil {
			return err
		}
		out := api.ReviewedOf(f.name, groups)
		return a.print(out, reviewText(out))
	})
}

// settle does what was decided about faces.
func (f reviewFlags) settle(ctx context.Context, g *gallery.Gallery) error {
	for _, decision := range []struct {
		keys []string
		as   gallery.Role
	}{{f.enroll, gallery.Enrolled}, {f.stranger, gallery.Stranger}, {f.dismiss, gallery.Waiting}} {
		if len(decision.keys) == 0 {
			continue
		}
		keys, err := fullKeys(ctx, g, decision.keys)
		if err != nil {
			return err
		}
		if err := g.Settle(ctx, decision.as, f.id, keys...); err != nil {
			return err
		}
	}
	return nil
}

// fullKeys completes beginnings of keys.
func fullKeys(ctx context.Context, g *gallery.Gallery, beginnings []string) ([]string, error) {
	waiting, err := g.Entries(ctx, gallery.Query{Role: gallery.Waiting})
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(beginnings))
	for i, beginning := range beginnings {
		for _, e := range waiting {
			if !strings.HasPrefix(e.Key, beginning) {
				continue
			}
			if keys[i] != "" {
				return nil, fmt.Errorf("review: several faces have keys that begin with %q: give more of the key", beginning)
			}
			keys[i] = e.Key
		}
		if keys[i] == "" || beginning == "" {
			return nil, fmt.Errorf("review: no face waits with key %q: siam gallery review lists them", beginning)
		}
	}
	return keys, nil
}

// writeCrops writes the pictures of the queue into a folder, named by their keys.
func writeCrops(ctx context.Context, g *gallery.Gallery, folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return fmt.Errorf("--crops: %w", err)
	}
	waiting, err := g.Entries(ctx, gallery.Query{Role: gallery.Waiting, Crops: true})
	if err != nil {
		return err
	}
	for _, e := range waiting {
		if e.Crop == nil {
			continue
		}
		name := e.Key + ".jpg"
		if strings.HasPrefix(string(e.Crop), "\x89PNG") {
			name = e.Key + ".png"
		}
		if err := os.WriteFile(filepath.Join(folder, name), e.Crop, 0o600); err != nil {
			return fmt.Errorf("--crops: %w", err)
		}
	}
	return nil
}

func reviewText(r api.Reviewed) string {
	var b strings.Builder
	n := 0
	for i, group := range r.Groups {
		like := "like nobody enrolled"
		if group.Like != "" {
			like = "like " + group.Like
		}
		fmt.Fprintf(&b, "group %d, %s, %s:\n", i+1, count(len(group.Faces), "face"), like)
		for _, face := range group.Faces {
			n++
			fmt.Fprintf(&b, "  %s  %s  %s, %s, until %s\n", face.Key, face.When.Local().Format(time.DateTime), face.File, face.Reason, face.Expires.Local().Format(time.DateOnly))
		}
	}
	fmt.Fprintf(&b, "%s to review in gallery %q\n", count(n, "face"), r.Gallery)
	return b.String()
}

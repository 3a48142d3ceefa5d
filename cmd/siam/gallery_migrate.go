package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/siam-go/siam/face"
	"github.com/siam-go/siam/gallery"
	"github.com/spf13/cobra"
)

// migrateFlags are those of siam gallery migrate.
type migrateFlags struct {
	galleryFlags
	modelFlags
	compatible, lose bool
}

func (a *app) galleryMigrateCommand() *cobra.Command {
	var f migrateFlags
	cmd := &cobra.Command{
		Use:   "migrate --db URL --model NEW",
		Short: "change the model of a gallery: embed the kept crops again, or accept a compatible model",
		Long: `Embeds the kept crops of a gallery again by another model. Until all are done the gallery stays as it was, whatever happens.
With --compatible the embeddings stay, and the new model has to be one that was trained to be compared with the old one's (siam
train --compatible-with). The thresholds were the old model's: calibrate afterwards.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.galleryMigrate(cmd.Context(), f) },
	}
	f.galleryFlags.add(cmd)
	f.modelFlags.add(cmd)
	cmd.Flags().BoolVar(&f.compatible, "compatible", false, "keep the embeddings: the new model is compatible with the old one")
	cmd.Flags().BoolVar(&f.lose, "lose", false, "remove entries that cannot be embedded again")
	return cmd
}

func (a *app) galleryMigrate(ctx context.Context, f migrateFlags) error {
	if f.model == "" {
		return usagef("gallery migrate: --model is missing: name the new model file")
	}
	model, closeModel, err := a.openModel(f.model)
	if err != nil {
		return err
	}
	defer closeModel()
	path, err := filepath.Abs(f.model)
	if err != nil {
		return err
	}
	to := model.ForGallery()
	to.File = path
	return f.withStore(ctx, func(store gallery.Store) error {
		if f.compatible {
			if err := gallery.Accept(ctx, store, f.name, to, f.options()...); err != nil {
				return err
			}
			return a.print(gallery.Migration{To: to.Hash}, fmt.Sprintf("gallery %q takes embeddings of model %.12s besides: calibrate it again\n", f.name, to.Hash))
		}
		s, err := gallery.FindGallery(ctx, store, f.name)
		if err != nil {
			return err
		}
		var pipeline *face.Pipeline
		if s.Faces {
			if pipeline, err = facePipeline(model, f.detector, s.Mirror); err != nil {
				return err
			}
		}
		embed, p := model.GalleryEmbedder(pipeline), a.newProgress("embedding", "crops", 0)
		defer p.close()
		done, err := gallery.Migrate(ctx, store, f.name, to, func(ctx context.Context, crops [][]byte) ([][]float32, error) {
			defer p.add(len(crops))
			return embed(ctx, crops)
		}, f.lose, f.options()...)
		if err != nil {
			return err
		}
		for _, lost := range done.Lost {
			a.say("removed: %s", lost)
		}
		return a.print(done, fmt.Sprintf("%d entries of gallery %q are of model %.12s now: calibrate it again\n", done.Entries, f.name, to.Hash))
	})
}

// otherModel says so where a model file was replaced under the same name.
func otherModel(err error, given string) error {
	if errors.Is(err, gallery.ErrOtherModel) && given == "" {
		return fmt.Errorf("the model file was replaced since: %w", err)
	}
	return err
}

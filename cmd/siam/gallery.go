package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/face"
	"github.com/siam-go/siam/gallery"
	"github.com/spf13/cobra"
)

func (a *app) galleryCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "gallery",
		Short: "enroll people and identify them: match, no match, or refer",
		Long: `Keeps galleries of enrolled people, or of anything that has an identity, in a store that --db names, and tells whose a
face or an image is. The verdicts of verify and identify end with exit code 0 for match, 3 for no match and 4 for refer: a
person has to decide.`,
		Example: `  siam gallery create --db sqlite:g.db --model faces.safetensors --kind watch
  siam gallery enroll --db sqlite:g.db --id Anna anna1.jpg anna2.jpg
  siam gallery identify --db sqlite:g.db crowd.jpg`,
	}
	cmd.AddCommand(a.galleryCreateCommand(), a.galleryCalibrateCommand(), a.galleryThresholdsCommand(), a.galleryEnrollCommand(), a.galleryIdentifyCommand(), a.galleryVerifyCommand(), a.galleryListCommand(),
		a.galleryRenameCommand(), a.galleryMergeCommand(), a.galleryRemoveCommand(), a.galleryRejectCommand(), a.galleryReviewCommand(),
		a.galleryExportCommand(), a.galleryImportCommand(), a.galleryMigrateCommand(), a.galleryPurgeCommand(), a.galleryDropCommand(),
		a.galleryBackupCommand(), a.galleryAuditCommand())
	return cmd
}

// galleryFlags are those of all commands on a gallery.
type galleryFlags struct {
	store storeOptions
	name  string
	who   string
}

const mainGallery = "main"

func (f *galleryFlags) add(cmd *cobra.Command) {
	f.addStore(cmd)
	cmd.Flags().StringVarP(&f.name, "gallery", "g", mainGallery, "which gallery of the store")
}

// addStore adds the flags of commands on a whole store.
func (f *galleryFlags) addStore(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.store.url, "db", os.Getenv("SIAM_DB"), "store, such as sqlite:gallery.db, postgres://user@host/database or weaviate://host/name; $SIAM_DB when not given")
	flags.StringVar(&f.store.keyFile, "key-file", os.Getenv("SIAM_KEY_FILE"), "`file` with the 32 bytes that crops and embeddings are encrypted with; $SIAM_KEY_FILE when not given")
	flags.StringVar(&f.who, "as", "", "`who` asks, for the audit log; the system's user when not given")
}

// asker is who asks.
func (f *galleryFlags) asker() string {
	if f.who != "" {
		return f.who
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
}

// options are how galleries are opened.
func (f *galleryFlags) options() []gallery.Option { return []gallery.Option{gallery.As(f.asker())} }

// withStore opens the store and hands it on.
func (f *galleryFlags) withStore(ctx context.Context, ask func(gallery.Store) error) error {
	store, err := openStore(ctx, f.store)
	if err != nil {
		return err
	}
	return errors.Join(ask(store), store.Close())
}

// withGallery opens a gallery without its model.
func (f *galleryFlags) withGallery(ctx context.Context, ask func(*gallery.Gallery) error) error {
	return f.withStore(ctx, func(store gallery.Store) error {
		g, err := gallery.OpenNamed(ctx, store, f.name, f.options()...)
		if err != nil {
			return err
		}
		return ask(g)
	})
}

// modelFlags say which model sees images for a gallery, and how.
type modelFlags struct {
	model, detector string
	embeddings      string // file of embeddings in place of images
}

func (f *modelFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVarP(&f.model, "model", "m", "", "model `file`; the one that the gallery was made with when not given")
	flags.StringVar(&f.detector, "detector", "", "YuNet ONNX `file` to find faces with; the model's own when not given")
}

// addEmbeddings is for commands that take embeddings in place of images.
func (f *modelFlags) addEmbeddings(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.embeddings, "embeddings", "", "`file` of embeddings in place of images, as siam embed writes them")
}

// want fails where a command is given neither images nor embeddings, or both.
func (f *modelFlags) want(files []string, command string) error {
	if (f.embeddings == "") == (len(files) == 0) {
		return usagef("gallery %s: give either FILE or --embeddings FILE", command)
	}
	return nil
}

// seeing is a gallery together with its model, or with embeddings from elsewhere.
type seeing struct {
	*gallery.Gallery
	settings gallery.Settings
	model    *siam.Model
	pipeline *face.Pipeline // nil where images are taken whole
}

// withModel opens a gallery with its model.
func (a *app) withModel(ctx context.Context, f galleryFlags, m modelFlags, ask func(*seeing) error) error {
	return f.withStore(ctx, func(store gallery.Store) error {
		settings, err := gallery.FindGallery(ctx, store, f.name)
		if err != nil {
			return err
		}
		model, closeModel, err := a.openModel(cmp.Or(m.model, settings.ModelFile))
		if err != nil {
			return err
		}
		defer closeModel()
		g, err := gallery.Open(ctx, store, f.name, model.ForGallery(), f.options()...)
		if err != nil {
			return otherModel(err, m.model)
		}
		s := &seeing{Gallery: g, settings: settings, model: model}
		if settings.Faces {
			if s.pipeline, err = facePipeline(model, m.detector, settings.Mirror); err != nil {
				return err
			}
		}
		return ask(s)
	})
}

// withSight opens a gallery with its model, or, where embeddings come in place of images, without.
func (a *app) withSight(ctx context.Context, f galleryFlags, m modelFlags, ask func(*seeing) error) error {
	if m.embeddings == "" || m.model != "" {
		return a.withModel(ctx, f, m, ask)
	}
	return f.withStore(ctx, func(store gallery.Store) error {
		g, err := gallery.OpenStored(ctx, store, f.name, f.options()...)
		if err != nil {
			return err
		}
		settings, err := g.Settings(ctx)
		if err != nil {
			return err
		}
		return ask(&seeing{Gallery: g, settings: settings})
	})
}

// facePipeline is the pipeline of a gallery of photographs.
func facePipeline(model *siam.Model, detector string, mirror bool) (*face.Pipeline, error) {
	return (&faceFlags{faces: true, mirror: mirror, detector: detector}).pipeline(model)
}

// count writes a number of things: 1 image, 2 images.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/gallery"
	"github.com/spf13/cobra"
)

// createFlags are those of siam gallery create.
type createFlags struct {
	galleryFlags
	model, kind, representation string
	faces, mirror, keepCrops    bool
	facesGiven                  bool
	review                      int
	approximate                 float64
}

func (a *app) galleryCreateCommand() *cobra.Command {
	var f createFlags
	cmd := &cobra.Command{
		Use:   "create --db URL --model M --kind watch|access",
		Short: "make an empty gallery, and the store if there is none",
		Long: `Makes an empty gallery for the embeddings of one model. In a watch gallery are people who are wanted: a match goes to the
desk and a stranger passes. In an access gallery are people who may pass, and all others go to the desk. Where the model finds
faces, whole photographs are enrolled and identified; --faces=false takes images as they are.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.facesGiven = cmd.Flags().Changed("faces")
			return a.galleryCreate(cmd.Context(), f)
		},
	}
	f.add(cmd)
	addModelFlag(cmd, &f.model)
	flags := cmd.Flags()
	flags.StringVar(&f.kind, "kind", "", "watch (a match goes to the desk) or access (a match passes)")
	flags.StringVar(&f.representation, "represent", string(gallery.Nearest), "what stands for an id: nearest (of its images) or mean (of them, without outliers)")
	flags.BoolVar(&f.faces, "faces", true, "the images will be photographs with faces to be found; by default, if the model finds faces")
	flags.BoolVar(&f.mirror, "mirror", false, "average each face and its mirror image: twice the work")
	flags.BoolVar(&f.keepCrops, "keep-crops", true, "keep crops of enrolled images, to change the model later")
	flags.IntVar(&f.review, "review", 0, "keep faces that are referred or not matched for so many `days`, for siam gallery review")
	flags.Float64Var(&f.approximate, "approximate", 0, "search by a graph that finds this `fraction` of the nearest or more, such as 0.99, and refuses to serve below it; for galleries of hundreds of thousands. 0 searches exactly")
	return cmd
}

func (a *app) galleryCreate(ctx context.Context, f createFlags) error {
	if f.kind != string(gallery.Watch) && f.kind != string(gallery.Access) {
		return usagef("--kind %q: want watch (a match goes to the desk) or access (a match passes)", f.kind)
	}
	if !(f.approximate >= 0 && f.approximate <= 1) {
		return usagef("--approximate %v: want a fraction from 0 to 1", f.approximate)
	}
	model, closeModel, err := a.openModel(f.model)
	if err != nil {
		return err
	}
	defer closeModel()
	settings, err := f.settings(model)
	if err != nil {
		return err
	}
	f.store.create = true
	return f.withStore(ctx, func(store gallery.Store) error {
		g, err := gallery.Create(ctx, store, model.ForGallery(), settings, f.options()...)
		if errors.Is(err, gallery.ErrExists) {
			return fmt.Errorf("%w: name another with --gallery, or remove it with siam gallery drop", err)
		}
		if err != nil {
			return err
		}
		if settings, err = g.Settings(ctx); err != nil {
			return err
		}
		return a.print(settings, fmt.Sprintf("%s gallery %q of model %.12s: enroll people with siam gallery enroll\n", settings.Kind, settings.Name, settings.Model))
	})
}

// settings are those of the new gallery.
func (f createFlags) settings(model *siam.Model) (gallery.Settings, error) {
	s := model.ForGallery().Settings(f.name, gallery.Kind(f.kind))
	_, finds := model.File().Networks[encoder.DetectorNetwork]
	s.Faces = f.faces && (finds || f.facesGiven)
	s.Mirror, s.DropCrops, s.ReviewDays, s.Representation = f.mirror, !f.keepCrops, f.review, gallery.Representation(f.representation)
	if f.approximate != 0 {
		s.Approximate = &gallery.Approximate{Recall: f.approximate}
	}
	var err error
	s.ModelFile, err = filepath.Abs(f.model)
	return s, err
}

func (a *app) galleryThresholdsCommand() *cobra.Command {
	var f galleryFlags
	var t gallery.Thresholds
	cmd := &cobra.Command{
		Use:   "thresholds --db URL --match DISTANCE --refer DISTANCE",
		Short: "set the thresholds by hand, which promises nothing",
		Long: `Sets the distances up to which the nearest id is a match, and up to which a person has to decide, such as those of another
gallery. Nothing is known then about how often strangers are matched.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if flags := cmd.Flags(); !flags.Changed("match") || !flags.Changed("refer") {
				return usagef("gallery thresholds: give --match DISTANCE and --refer DISTANCE")
			}
			return f.withGallery(cmd.Context(), func(g *gallery.Gallery) error {
				c := &gallery.Calibration{Thresholds: t, ByHand: true, When: time.Now().UTC().Truncate(time.Microsecond)}
				if err := g.SetCalibration(cmd.Context(), c); err != nil {
					return err
				}
				return a.print(c, fmt.Sprintf("gallery %q: match up to %v, refer up to %v; nothing is promised\n", f.name, t.Match, t.Refer))
			})
		},
	}
	f.add(cmd)
	flags := cmd.Flags()
	flags.Float32Var(&t.Match, "match", 0, "largest `distance` of a match")
	flags.Float32Var(&t.Refer, "refer", 0, "largest `distance` at which a person has to decide")
	return cmd
}

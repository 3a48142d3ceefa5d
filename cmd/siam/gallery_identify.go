package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/gallery"
	"github.com/spf13/cobra"
)

// identifyFlags are those of siam gallery identify and verify.
type identifyFlags struct {
	galleryFlags
	modelFlags
	top       int
	review    int
	galleries []string
	id        string
	burst     bool
}

func (a *app) galleryIdentifyCommand() *cobra.Command {
	var f identifyFlags
	cmd := &cobra.Command{
		Use:   "identify --db URL FILE...",
		Short: "who is it? exit code 0 for match, 3 for no match, 4 for refer",
		Long: `Gives a verdict on each face in photographs, or on each image, against all that are enrolled: match, no match, or refer,
when a person has to decide; and what to do about it: pass or desk. An id is given to at most one face of a photograph. With
several faces or files the exit code is that of the gravest verdict: in a watch gallery match, then refer, then no match; in an
access gallery no match, then refer, then match. Every verdict leaves a line in the audit log.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, files []string) error {
			return a.galleryIdentify(cmd.Context(), f, files, cmd.Flags().Changed("review"))
		},
	}
	f.addStore(cmd)
	f.modelFlags.add(cmd)
	flags := cmd.Flags()
	flags.StringSliceVarP(&f.galleries, "gallery", "g", []string{mainGallery}, "which `galleries` of the store, each with a verdict of its own")
	flags.IntVar(&f.top, "top", 5, "list so many of the nearest ids")
	flags.IntVar(&f.review, "review", 0, "keep faces that are referred or not matched for so many `days`, for siam gallery review; as the gallery was made when not given")
	f.addEmbeddings(cmd)
	flags.BoolVar(&f.burst, "burst", false, "all files show one person, in the main face of each: one verdict on them together, the better ones counting more; refer when they disagree")
	return cmd
}

func (a *app) galleryIdentify(ctx context.Context, f identifyFlags, files []string, reviewGiven bool) error {
	if err := f.want(files, "identify"); err != nil {
		return err
	}
	if f.top < 1 || f.review < 0 {
		return usagef("gallery identify: --top %d --review %d: want at least 1 and 0", f.top, f.review)
	}
	o := gallery.IdentifyOptions{Candidates: f.top}
	if reviewGiven {
		o.ReviewDays = &f.review
	}
	for i, name := range f.galleries {
		if slices.Contains(f.galleries[:i], name) {
			return usagef("gallery identify: --gallery names %q twice", name)
		}
	}
	f.name = f.galleries[0]
	return a.withSight(ctx, f.galleryFlags, f.modelFlags, func(s *seeing) error {
		ready := make(chan error, 1)
		go func() { ready <- s.Prepare(ctx) }() // while the images are embedded
		days := s.settings.ReviewDays
		if o.ReviewDays != nil {
			days = *o.ReviewDays
		}
		photos, err := f.probes(ctx, s, files, days > 0)
		if err := errors.Join(err, <-ready); err != nil {
			return err
		}
		asked := []*gallery.Gallery{s.Gallery}
		for _, name := range f.galleries[1:] {
			other, err := s.Beside(ctx, name)
			if err != nil {
				return err
			}
			asked = append(asked, other)
		}
		if f.burst {
			return a.identifyBurst(ctx, asked, photos, o)
		}
		results, err := gallery.IdentifyIn(ctx, asked, photos, o)
		if err != nil {
			return err
		}
		return a.printVerdicts(ctx, asked, photos, results)
	})
}

// identifyBurst gives each gallery's one verdict on photographs of one person.
func (a *app) identifyBurst(ctx context.Context, asked []*gallery.Gallery, photos []gallery.Photograph, o gallery.IdentifyOptions) error {
	out := api.Bursts{}
	var b strings.Builder
	var results []gallery.Result
	for _, g := range asked {
		r, err := g.IdentifyBurst(ctx, photos, o)
		if err != nil {
			return err
		}
		out.Results, results = append(out.Results, r), append(results, r.Result)
		b.WriteString(verdictLine(r.Result, len(asked) > 1) + "\n")
		for _, f := range r.Frames {
			if f.Refused != "" {
				fmt.Fprintf(&b, "%s does not count: %s\n", f.File, f.Refused)
			}
		}
	}
	if err := a.exitByGravest(ctx, asked, results); err != nil {
		return err
	}
	return a.print(out, b.String())
}

// exitByGravest makes the exit code that of the gravest result.
func (a *app) exitByGravest(ctx context.Context, asked []*gallery.Gallery, results []gallery.Result) error {
	kinds := map[string]gallery.Kind{}
	for _, g := range asked {
		s, err := g.Settings(ctx)
		if err != nil {
			return err
		}
		kinds[s.Name] = s.Kind
	}
	a.exit = exitOf(results[gallery.Gravest(kinds, results)].Outcome)
	return nil
}

// probes are the photographs, or the embeddings in place of them, that a command is about.
func (f identifyFlags) probes(ctx context.Context, s *seeing, files []string, crops bool) ([]gallery.Photograph, error) {
	if f.embeddings != "" {
		return readProbes(f.embeddings, s.settings)
	}
	var photos []gallery.Photograph
	for photo, err := range s.photographs(ctx, filesSource(files), crops) {
		if err != nil {
			return nil, err
		}
		photos = append(photos, photo)
	}
	return photos, nil
}

// printVerdicts prints results, and makes the exit code that of the gravest.
func (a *app) printVerdicts(ctx context.Context, asked []*gallery.Gallery, photos []gallery.Photograph, results []gallery.Result) error {
	out := api.Identified{Results: results, Faceless: []string{}}
	var b strings.Builder
	for _, p := range photos {
		if len(p.Faces) == 0 {
			out.Faceless = append(out.Faceless, p.Name)
			fmt.Fprintf(&b, "%s: no face was found\n", p.Name)
		}
	}
	if len(results) == 0 {
		return fmt.Errorf("no face was found in %s", strings.Join(out.Faceless, ", "))
	}
	if err := a.exitByGravest(ctx, asked, results); err != nil {
		return err
	}
	for _, r := range results {
		b.WriteString(verdictLine(r, len(asked) > 1) + "\n")
	}
	return a.print(out, b.String())
}

func exitOf(o gallery.Outcome) int {
	switch o {
	case gallery.Match:
		return exitFine
	case gallery.NoMatch:
		return exitDifferent
	}
	return exitRefer
}

// verdictLine is a verdict for people: crowd.jpg, face 2: match Anna, distance 0.1234: to the desk (within the match threshold).
func verdictLine(r gallery.Result, several bool) string {
	line := r.File
	if r.Box != nil {
		line += fmt.Sprintf(", face %d", r.Face)
	}
	if several {
		line += fmt.Sprintf(", gallery %q", r.Gallery)
	}
	line += ": " + strings.ReplaceAll(string(r.Outcome), "_", " ")
	if r.ID != "" {
		line += " " + r.ID
	}
	if r.Distance != nil {
		line += fmt.Sprintf(", distance %.4f", *r.Distance)
	}
	if r.Action == gallery.Desk {
		return line + ": to the desk (" + r.Reason + ")"
	}
	return line + ": pass (" + r.Reason + ")"
}

func (a *app) galleryVerifyCommand() *cobra.Command {
	var f identifyFlags
	cmd := &cobra.Command{
		Use:   "verify --db URL --id ID FILE",
		Short: "is it this id? exit code 0 for match, 3 for no match, 4 for refer",
		Long: `Judges whether an image, or the main face of a photograph, is a certain id. In a gallery that is not calibrated the model's
own threshold decides.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error { return a.galleryVerify(cmd.Context(), f, files) },
	}
	f.galleryFlags.add(cmd)
	f.modelFlags.add(cmd)
	f.addEmbeddings(cmd)
	cmd.Flags().StringVar(&f.id, "id", "", "who it should be")
	return cmd
}

func (a *app) galleryVerify(ctx context.Context, f identifyFlags, files []string) error {
	if err := f.want(files, "verify"); err != nil {
		return err
	}
	if f.id == "" {
		return usagef("gallery verify: --id is missing: name who it should be")
	}
	return a.withSight(ctx, f.galleryFlags, f.modelFlags, func(s *seeing) error {
		photos, err := f.probes(ctx, s, files, false)
		if err != nil {
			return err
		}
		if len(photos) != 1 {
			return fmt.Errorf("verify: --embeddings %s holds %d, want 1", f.embeddings, len(photos))
		}
		face, _, err := photos[0].MainFace()
		if err != nil {
			return err
		}
		photos[0].Faces = []gallery.Face{face}
		result, err := s.Verify(ctx, f.id, photos[0])
		if errors.Is(err, gallery.ErrNotFound) {
			return fmt.Errorf("%w: siam gallery list shows who is enrolled", err)
		}
		if err != nil {
			return err
		}
		a.exit = exitOf(result.Outcome)
		return a.print(result, verdictLine(result, false)+"\n")
	})
}

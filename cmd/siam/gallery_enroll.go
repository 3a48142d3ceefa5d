package main

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/siam-go/siam/gallery"
	"github.com/spf13/cobra"
)

// enrollFlags are those of siam gallery enroll.
type enrollFlags struct {
	galleryFlags
	modelFlags
	id, data string
	strict   bool
}

// enrolled is what siam gallery enroll prints as JSON.
type enrolled struct {
	Gallery  string                  `json:"gallery"`
	Enrolled int                     `json:"enrolled"` // images added
	IDs      int                     `json:"ids"`      // among them
	Images   []gallery.EnrolledImage `json:"images"`
	Skipped  []skipped               `json:"skipped"`
}

type skipped struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
}

func (a *app) galleryEnrollCommand() *cobra.Command {
	var f enrollFlags
	cmd := &cobra.Command{
		Use:   "enroll --db URL {--id ID FILE... | --data DIR}",
		Short: "add images of people: several of one id, or a folder for each id",
		Long: `Enrolls image files under one id, or a folder or archive that holds a folder of images for each id. In photographs the main face is
enrolled. A file that is enrolled under its id already is left as it is, so that a broken-off enrolment can be repeated. Of a
folder, files that cannot be read or show no face are left out and named; --strict enrolls nothing then.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, files []string) error { return a.galleryEnroll(cmd.Context(), f, files) },
	}
	f.galleryFlags.add(cmd)
	f.modelFlags.add(cmd)
	addDataFlag(cmd, &f.data)
	cmd.Flags().StringVar(&f.id, "id", "", "whom the files show")
	cmd.Flags().BoolVar(&f.strict, "strict", false, "with --data, a file that cannot be enrolled is an error")
	return cmd
}

func (a *app) galleryEnroll(ctx context.Context, f enrollFlags, files []string) error {
	switch {
	case f.data == "" && f.id == "":
		return usagef("gallery enroll: --id or --data is missing: name whom FILE... show, or a folder with a folder for each id")
	case f.data != "" && (f.id != "" || len(files) > 0):
		return usagef("gallery enroll: give either --id ID FILE... or --data DIR")
	case f.data == "" && len(files) == 0:
		return usagef("gallery enroll: FILE... is missing: name image files that show %s", f.id)
	}
	source := enrolSource{photoSource: filesSource(files), idOf: func(string) string { return f.id }, strict: true}
	if f.data != "" {
		var err error
		if source, err = folderSource(f.data, f.strict); err != nil {
			return err
		}
	} else if _, err := gallery.CleanID(f.id); err != nil {
		return err
	}
	return a.withModel(ctx, f.galleryFlags, f.modelFlags, func(s *seeing) error {
		done, err := a.enrollAll(ctx, s, source)
		if err != nil {
			return err
		}
		return a.print(done, done.text())
	})
}

// enrolSource is where images to enroll come from.
type enrolSource struct {
	photoSource
	idOf   func(string) string
	strict bool // a file that cannot be enrolled is an error, and then nothing is enrolled
}

// folderSource is a folder or archive with a folder of images for each id.
func folderSource(name string, strict bool) (enrolSource, error) {
	folder, err := openData(name)
	if err != nil {
		return enrolSource{}, err
	}
	files, err := folder.Images()
	if err != nil {
		return enrolSource{}, err
	}
	inFolders := slices.DeleteFunc(slices.Clone(files), func(file string) bool { return path.Dir(file) == "." })
	if len(inFolders) == 0 {
		return enrolSource{}, fmt.Errorf("enroll %s: its images are not in folders: want a folder for each id, or name whom they show with --id", name)
	}
	return enrolSource{
		photoSource: folderPhotos(folder, inFolders), strict: strict,
		idOf: func(file string) string { return path.Base(path.Dir(file)) },
	}, nil
}

// enrolAtOnce is how many images come in one change, whole or not at all.
const enrolAtOnce = 512

// enrollAll enrolls a source: all at once when it is strict, and otherwise some at a time.
func (a *app) enrollAll(ctx context.Context, s *seeing, from enrolSource) (enrolled, error) {
	result := enrolled{Gallery: s.settings.Name, Images: []gallery.EnrolledImage{}, Skipped: []skipped{}}
	p := a.newProgress("enrolling", "images", len(from.files))
	defer p.close()
	var wait []gallery.Enrolment
	notes := map[string]string{}
	flush := func() error {
		done, err := s.Enroll(ctx, wait...)
		if err != nil {
			return err
		}
		for i := range done {
			if note := notes[done[i].File]; note != "" {
				done[i].Warnings = append([]string{note}, done[i].Warnings...)
			}
			result.add(done[i])
		}
		wait = wait[:0]
		return nil
	}
	for photo, err := range s.photographs(ctx, from.photoSource, !s.settings.DropCrops) {
		p.add(1)
		face, note, faceErr := gallery.Face{}, "", err
		if err == nil {
			face, note, faceErr = mainFace(photo)
		}
		if ctx.Err() != nil {
			return result, ctx.Err()
		}
		if faceErr != nil && from.strict {
			return result, faceErr
		}
		if faceErr != nil {
			result.Skipped = append(result.Skipped, skipped{photo.Name, faceErr.Error()})
			continue
		}
		notes[photo.Name] = note
		wait = append(wait, gallery.Enrolment{ID: from.idOf(photo.Name), Name: photo.Name, Hash: photo.Hash, Face: face})
		if len(wait) >= enrolAtOnce && !from.strict {
			if err := flush(); err != nil {
				return result, err
			}
		}
	}
	if err := flush(); err != nil {
		return result, err
	}
	result.countIDs()
	if len(result.Images) == 0 {
		return result, fmt.Errorf("no image could be enrolled; the first was %s", result.Skipped[0].Reason)
	}
	return result, nil
}

func (e *enrolled) add(image gallery.EnrolledImage) {
	e.Images = append(e.Images, image)
	if !image.Already {
		e.Enrolled++
	}
}

func (e *enrolled) countIDs() {
	ids := map[string]bool{}
	for _, image := range e.Images {
		ids[image.ID] = true
	}
	e.IDs = len(ids)
}

func (e *enrolled) text() string {
	var b strings.Builder
	for _, s := range e.Skipped {
		fmt.Fprintf(&b, "left out: %s\n", s.Reason)
	}
	for _, image := range e.Images {
		for _, warning := range image.Warnings {
			fmt.Fprintf(&b, "%s: %s\n", image.File, warning)
		}
	}
	fmt.Fprintf(&b, "enrolled %s of %s in gallery %q", count(e.Enrolled, "image"), count(e.IDs, "id"), e.Gallery)
	if already := len(e.Images) - e.Enrolled; already > 0 {
		fmt.Fprintf(&b, ", %d were there already", already)
	}
	b.WriteString("\n")
	return b.String()
}

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/gallery"
	"github.com/spf13/cobra"
)

// enrollFlags are those of siam gallery enroll.
type enrollFlags struct {
	galleryFlags
	modelFlags
	id, data string
	strict   bool
	shard    shard
}

// enrolled is what siam gallery enroll prints as JSON.
type enrolled struct {
	Gallery  string                  `json:"gallery"`
	Enrolled int                     `json:"enrolled"` // images added
	IDs      int                     `json:"ids"`      // among them
	Images   []gallery.EnrolledImage `json:"images"`
}

func (a *app) galleryEnrollCommand() *cobra.Command {
	var f enrollFlags
	cmd := &cobra.Command{
		Use:   "enroll --db URL {--id ID FILE... | --data DIR | --embeddings FILE}",
		Short: "add images of people: several of one id, or a folder for each id",
		Long: `Enrolls image files under one id, or a folder or archive that holds a folder of images for each id, or files named ID_NUMBER. In
photographs the main face is enrolled. A file that is enrolled under its id already is left as it is, so that a broken-off enrolment can be
repeated. Of a folder, files that cannot be read or show no face are left out and named; --strict enrolls nothing then. Embeddings that
siam embed wrote may come in place of images: under --id, or under the ids that the names of their images tell.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, files []string) error { return a.galleryEnroll(cmd.Context(), f, files) },
	}
	f.galleryFlags.add(cmd)
	f.modelFlags.add(cmd)
	addDataFlag(cmd, &f.data)
	f.shard.add(cmd)
	cmd.Flags().StringVar(&f.id, "id", "", "whom the files show")
	cmd.Flags().StringVar(&f.embeddings, "embeddings", "", "`file` of embeddings in place of images, as siam embed writes them; an \"id\" beside one says whom it shows")
	cmd.Flags().BoolVar(&f.strict, "strict", false, "with --data, a file that cannot be enrolled is an error")
	return cmd
}

func (a *app) galleryEnroll(ctx context.Context, f enrollFlags, files []string) error {
	switch {
	case f.embeddings != "" && (f.data != "" || len(files) > 0 || f.shard.of > 0):
		return usagef("gallery enroll: give --embeddings FILE alone, or with --id")
	case f.embeddings != "":
		return a.enrollEmbeddings(ctx, f)
	case f.data == "" && f.id == "":
		return usagef("gallery enroll: --id or --data is missing: name whom FILE... show, or a folder with a folder for each id")
	case f.data != "" && (f.id != "" || len(files) > 0):
		return usagef("gallery enroll: give either --id ID FILE... or --data DIR")
	case f.data == "" && len(files) == 0:
		return usagef("gallery enroll: FILE... is missing: name image files that show %s", f.id)
	}
	source := enrolSource{photoSource: filesSource(files), idOf: func(string) string { return f.id }, strict: true}
	a.skip(nil)
	if f.data != "" {
		var err error
		if source, err = a.folderSource(f.data, f.strict); err != nil {
			return err
		}
	} else if _, err := gallery.CleanID(f.id); err != nil {
		return err
	}
	source.files = f.shard.only(source.files)
	return a.withModel(ctx, f.galleryFlags, f.modelFlags, func(s *seeing) error {
		done, err := a.enrollAll(ctx, s, source)
		if err != nil {
			return err
		}
		return a.print(done, done.text())
	})
}

// enrollEmbeddings enrolls embeddings in place of images, all or none.
func (a *app) enrollEmbeddings(ctx context.Context, f enrollFlags) error {
	return a.withSight(ctx, f.galleryFlags, f.modelFlags, func(s *seeing) error {
		images, err := a.readEnrolments(f.embeddings, f.id, s.settings)
		if err != nil {
			return fmt.Errorf("--embeddings %w", err)
		}
		enrolled, err := s.Enroll(ctx, images...)
		if err != nil {
			return err
		}
		done := newEnrolled(s.settings)
		for _, image := range enrolled {
			done.add(image)
		}
		done.countIDs()
		return a.print(done, done.text())
	})
}

// enrolSource is where images to enroll come from.
type enrolSource struct {
	photoSource
	idOf   func(string) string
	strict bool // a file that cannot be enrolled is an error, and then nothing is enrolled
}

// folderSource is a folder or archive of images with their ids, as [dataset.Folder.Identities] tells them.
func (a *app) folderSource(name string, strict bool) (enrolSource, error) {
	folder, err := openData(name)
	if err != nil {
		return enrolSource{}, err
	}
	files, err := a.imagesOf(folder)
	if err != nil {
		return enrolSource{}, err
	}
	names, err := folder.Identities(files)
	if err != nil {
		return enrolSource{}, err
	}
	told, untold := dataset.Told(files, names)
	ids := map[string]string{}
	for i, file := range files {
		ids[file] = names[i]
	}
	told = slices.DeleteFunc(told, func(file string) bool {
		_, err := gallery.CleanID(ids[file])
		if err != nil {
			untold = append(untold, dataset.Skipped{File: file, Why: err.Error()})
		}
		return err != nil
	})
	if len(told) == 0 {
		return enrolSource{}, fmt.Errorf("enroll %s: neither folders nor the names of its images tell whom they show: want a folder for each id, or name whom they show with --id", name)
	}
	a.skip(untold)
	a.noteCases(names)
	return enrolSource{photoSource: folderPhotos(folder, told), strict: strict, idOf: func(file string) string { return ids[file] }}, nil
}

// enrolAtOnce is how many images come in one change, whole or not at all.
const enrolAtOnce = 512

// enrolling is what becomes of a source.
type enrolling struct {
	*seeing
	result enrolled
	wait   []gallery.Enrolment
	notes  map[string]string // of files
	failed []*dataset.FileError
}

// enrollAll enrolls a source: all at once when it is strict, and otherwise some at a time.
func (a *app) enrollAll(ctx context.Context, s *seeing, from enrolSource) (enrolled, error) {
	e := enrolling{seeing: s, result: newEnrolled(s.settings), notes: map[string]string{}}
	p := a.newProgress("enrolling", "images", len(from.files))
	defer p.close()
	var first error // of the images that show no face
	for photo, err := range s.photographs(ctx, from.photoSource, !s.settings.DropCrops) {
		p.add(1)
		if file, ok := errors.AsType[*dataset.FileError](err); ok && !from.strict {
			e.failed = append(e.failed, file)
			continue
		} else if err != nil {
			return e.result, err
		}
		face, note, err := photo.MainFace()
		if err != nil && from.strict {
			return e.result, err
		}
		if err != nil {
			a.leaveFaceless(photo.Name)
			first = cmp.Or(first, err)
			continue
		}
		e.notes[photo.Name] = note
		e.wait = append(e.wait, gallery.Enrolment{ID: from.idOf(photo.Name), Name: photo.Name, Hash: photo.Hash, Face: face})
		if len(e.wait) >= enrolAtOnce && !from.strict {
			if err := e.flush(ctx); err != nil {
				return e.result, err
			}
		}
	}
	if err := e.flush(ctx); err != nil {
		return e.result, err
	}
	e.result.countIDs()
	if len(e.result.Images) == 0 && len(from.files) > 0 { // there may be no file in a part
		if len(e.failed) > 0 {
			first = e.failed[0]
		}
		return e.result, fmt.Errorf("no image could be enrolled: %w", first)
	}
	a.leaveOut(e.failed, len(from.files))
	return e.result, nil
}

// flush enrolls what waits.
func (e *enrolling) flush(ctx context.Context) error {
	done, err := e.Enroll(ctx, e.wait...)
	if err != nil {
		return err
	}
	for _, image := range done {
		if note := e.notes[image.File]; note != "" {
			image.Warnings = append([]string{note}, image.Warnings...)
		}
		e.result.add(image)
	}
	e.wait = e.wait[:0]
	return nil
}

func newEnrolled(s gallery.Settings) enrolled {
	return enrolled{Gallery: s.Name, Images: []gallery.EnrolledImage{}}
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

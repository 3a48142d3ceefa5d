package main

import (
	"context"
	"fmt"
	"image"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/imgproc"
	"github.com/spf13/cobra"
)

func addDataFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVarP(name, "data", "d", "", "`folder` or archive of images")
}

// openData opens the folder or archive that --data names.
func openData(name string) (dataset.Folder, error) {
	if name == "" {
		return dataset.Folder{}, usagef("--data is missing: name a folder or an archive of images")
	}
	return dataset.OpenFolder(name)
}

// reading shows how many images of a folder are read.
func reading[T any](a *app, folder dataset.Folder, read func(dataset.Folder) (T, error)) (T, error) {
	p := a.newProgress("reading "+folder.Path, "images", 0)
	defer p.close()
	return read(watchedFolder(folder, p))
}

// readPhotos reads the image files that arguments name.
func readPhotos(ctx context.Context, files []string, enough imgproc.Enough) ([]imgproc.Photo, error) {
	var photos []imgproc.Photo
	for photo, err := range dataset.Photos(ctx, files, enough) {
		if err != nil {
			return nil, err
		}
		photos = append(photos, photo)
	}
	return photos, nil
}

// readImages is readPhotos as images of Go's own type.
func readImages(ctx context.Context, files []string, enough imgproc.Enough) ([]image.Image, error) {
	photos, err := readPhotos(ctx, files, enough)
	images := make([]image.Image, len(photos))
	for i, photo := range photos {
		images[i] = photo.Image.GoImage()
	}
	return images, err
}

// unread are files that could not be read, while a command did the rest.
type unread struct{ failed, of int }

// err is the failure of a command that has done all it could.
func (u unread) err() error {
	if u.failed == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d files could not be read, and are left out: mend or remove them", u.failed, u.of)
}

// skip says what of a folder is not used, and lists it in the JSON.
func (a *app) skip(skipped []dataset.Skipped) {
	if a.skipped == nil {
		a.skipped = []dataset.Skipped{}
	}
	a.skipped = append(a.skipped, skipped...)
	if len(skipped) > 0 {
		a.say("skipped %s", dataset.SkippedNamed(skipped))
	}
}

// leaveFaceless names a photograph of which nothing is taken, as it shows no face.
func (a *app) leaveFaceless(file string) {
	fmt.Fprintf(a.stderr, "left out: no face was found in %s\n", file)
	a.skip(nil)
	a.skipped = append(a.skipped, dataset.Skipped{File: file, Why: "no face was found"})
}

// leaveOutOf says what of a set's folder is not used.
func (a *app) leaveOutOf(set *dataset.Set) {
	a.skip(set.Skipped)
	a.leaveOut(set.Failed, len(set.Items)+len(set.Failed))
	a.noteCases(classNames(set))
}

// noteCases names identities that may be one.
func (a *app) noteCases(names []string) {
	for _, pair := range dataset.SameButForCase(names) {
		a.say("note: %s and %s differ in the case of letters only, and count as two: join them where they are one", pair[0], pair[1])
	}
}

func addStrictFlag(cmd *cobra.Command, strict *bool) {
	cmd.Flags().BoolVar(strict, "strict", false, "end at once at a file that cannot be read, instead of leaving it out")
}

// leaveOut names the files, of n, that could not be read. The command goes on with the rest, and fails at its end.
func (a *app) leaveOut(failed []*dataset.FileError, n int) {
	for _, f := range failed {
		fmt.Fprintf(a.stderr, "left out: %v\n", f)
		a.skipped = append(a.skipped, dataset.Skipped{File: f.File, Why: f.Error()})
	}
	a.unread.failed, a.unread.of = a.unread.failed+len(failed), a.unread.of+n
}

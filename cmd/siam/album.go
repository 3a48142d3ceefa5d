package main

import (
	"context"
	"fmt"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/judge"
	"github.com/spf13/cobra"
)

// albumFlags say which images make an album.
type albumFlags struct {
	model, data string
	only        []string
	faces       faceFlags
	strict      bool
	labels      bool // wants to know whom the images show
	most        int  // images; 0 for any number
}

func (f *albumFlags) add(cmd *cobra.Command) {
	addModelFlag(cmd, &f.model)
	addDataFlag(cmd, &f.data)
	cmd.Flags().StringSliceVar(&f.only, "only", nil, "take the identities of these `names` only, as folders or file names tell them; patterns such as 's2[1-9],s30' will do")
	f.faces.add(cmd)
	addStrictFlag(cmd, &f.strict)
}

// withAlbum opens a model and an album, and hands them on.
func (a *app) withAlbum(ctx context.Context, f albumFlags, ask func(*siam.Model, *judge.Album) error) error {
	model, closeModel, err := a.openModel(f.model)
	if err != nil {
		return err
	}
	defer closeModel()
	al, err := a.openAlbum(ctx, model, f)
	if err != nil {
		return err
	}
	return ask(model, al)
}

// openAlbum reads the images of a folder and embeds them.
func (a *app) openAlbum(ctx context.Context, model *siam.Model, f albumFlags) (*judge.Album, error) {
	folder, err := openData(f.data)
	if err != nil {
		return nil, err
	}
	folder.Strict = f.strict
	files, err := a.imagesOf(folder)
	if err != nil {
		return nil, err
	}
	if f.labels || len(f.only) > 0 {
		told, untold := dataset.Told(files, dataset.IdentitiesOf(files))
		files = told
		a.skip(untold)
		a.noteCases(dataset.IdentitiesOf(files))
	}
	if len(f.only) > 0 {
		if files, err = judge.OnlyIdentities(files, f.only); err != nil {
			return nil, fmt.Errorf("--only in %s: %w", f.data, err)
		}
	}
	if err := f.check(files); err != nil {
		return nil, err
	}
	view, err := f.faces.view(model, judge.Faces)
	if err != nil {
		return nil, err
	}
	p := a.newProgress("embedding", "images", len(files))
	defer p.close()
	al, err := judge.OpenAlbum(ctx, watchedFolder(folder, p), files, view)
	if err != nil {
		return nil, err
	}
	for _, file := range al.Faceless {
		a.leaveFaceless(file)
	}
	a.leaveOut(al.Failed, len(files))
	return al, nil
}

// imagesOf lists the images of a folder, and says what is skipped there.
func (a *app) imagesOf(folder dataset.Folder) ([]string, error) {
	found, err := folder.List()
	if err == nil {
		err = found.Check(folder)
	}
	if err == nil {
		a.skip(found.Skipped)
	}
	return found.Images, err
}

// check refuses a list of images that are of no use, before all the work.
func (f albumFlags) check(files []string) error {
	switch {
	case f.labels && dataset.IdentitiesOf(files) == nil:
		return fmt.Errorf("--labels: neither folders nor file names in %s tell of two identities, one of them with two images: want IDENTITY/IMAGE or IDENTITY_NUMBER", f.data)
	case f.most > 0 && len(files) > f.most:
		return fmt.Errorf("%s has %d images, want at most %d, as memory grows with their square: choose some with --only", f.data, len(files), f.most)
	}
	return nil
}

package main

import (
	"context"
	"image"

	"github.com/siam-go/siam/dataset"
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

// readImages reads the image files that arguments name.
func readImages(ctx context.Context, files []string) ([]image.Image, error) {
	read, err := dataset.ReadFiles(ctx, files)
	if err != nil {
		return nil, err
	}
	images := make([]image.Image, len(read))
	for i, m := range read {
		images[i] = m.GoImage()
	}
	return images, nil
}

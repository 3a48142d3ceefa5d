package onnx

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/siam-go/siam/dataset"
)

// openData opens $SIAM_DATA/name, or the archive name/name.tar.gz there.
func openData(t *testing.T, name string) (fs.FS, error) {
	t.Helper()
	data := os.Getenv("SIAM_DATA")
	if data == "" {
		return nil, errors.New("SIAM_DATA does not name a folder of data sets")
	}
	if _, err := os.Stat(filepath.Join(data, name, name+".tar.gz")); err != nil {
		folder, err := dataset.OpenFolder(filepath.Join(data, name))
		return folder.FS, err
	}
	folder, err := dataset.OpenFolder(filepath.Join(data, name, name+".tar.gz"))
	if err != nil {
		return nil, err
	}
	return fs.Sub(folder.FS, name)
}

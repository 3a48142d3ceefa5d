package dataset

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/siam-go/siam/imgproc"
)

// Folder is a place to read a data set from, and what messages call it.
type Folder struct {
	FS   fs.FS
	Path string
	// Enough says how fine images are to be read, see [imgproc.DecodePhoto]; nil reads them at their full size.
	Enough imgproc.Enough
}

// maxArchiveBytes bounds what an archive may unpack to in memory.
const maxArchiveBytes = 4 << 30

// OpenFolder opens a folder, or a .tar.gz, .tgz, .tar or .zip archive, which is unpacked in memory only.
func OpenFolder(name string) (Folder, error) {
	info, err := os.Stat(name)
	if err != nil {
		return Folder{}, fmt.Errorf("open data %s: there is no such folder or archive: check the path, or fetch the data", name)
	}
	if info.IsDir() {
		return Folder{FS: os.DirFS(name), Path: filepath.Clean(name)}, nil
	}
	fsys, err := openArchive(name)
	if err != nil {
		return Folder{}, fmt.Errorf("open data %s: %w", name, err)
	}
	return Folder{FS: fsys, Path: name}, nil
}

func openArchive(name string) (fs.FS, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var fsys fs.FS
	switch lower := strings.ToLower(name); {
	case strings.HasSuffix(lower, ".zip"):
		fsys, err = zip.NewReader(bytes.NewReader(data), int64(len(data)))
	case strings.HasSuffix(lower, ".tar"):
		fsys, err = tarFS(bytes.NewReader(data))
	case strings.HasSuffix(lower, ".tar.gz"), strings.HasSuffix(lower, ".tgz"):
		fsys, err = tarGzFS(bytes.NewReader(data))
	default:
		return nil, errors.New("neither a folder nor a .tar.gz, .tgz, .tar or .zip archive")
	}
	if err != nil {
		return nil, fmt.Errorf("the archive is damaged or cut short (%w): fetch it again", err)
	}
	return fsys, nil
}

func tarGzFS(r io.Reader) (fs.FS, error) {
	unpacked, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	return tarFS(unpacked)
}

// tarFS copies the plain files of a tar into an uncompressed zip in memory, which the standard library serves as a file
// system.
func tarFS(r io.Reader) (fs.FS, error) {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	limited := &io.LimitedReader{R: r, N: maxArchiveBytes}
	for files := tar.NewReader(limited); ; {
		header, err := files.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		name := path.Clean(header.Name)
		if header.Typeflag != tar.TypeReg || !fs.ValidPath(name) {
			continue
		}
		to, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			return nil, err
		}
		if _, err := io.Copy(to, files); err != nil {
			return nil, err
		}
	}
	if limited.N <= 0 {
		return nil, fmt.Errorf("it unpacks to more than %d GiB", maxArchiveBytes>>30)
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return zip.NewReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
}

// Sub is the folder called name inside f.
func (f Folder) Sub(name string) Folder {
	sub, err := fs.Sub(f.FS, name)
	if err != nil {
		panic("dataset: " + err.Error()) // only a name that is no path
	}
	f.FS, f.Path = sub, f.name(name)
	return f
}

// name is what messages call a file in f.
func (f Folder) name(file string) string {
	if file == "." {
		return f.Path
	}
	return f.Path + "/" + file
}

// has says whether f holds a folder of that name.
func (f Folder) has(name string) bool {
	info, err := fs.Stat(f.FS, name)
	return err == nil && info.IsDir()
}

// list names the folders and the image files directly in dir, sorted; hidden ones and all other files are left out.
func (f Folder) list(dir string) (folders, images []string, err error) {
	entries, err := fs.ReadDir(f.FS, dir)
	if err != nil {
		return nil, nil, f.failed(dir, err)
	}
	for _, e := range entries {
		switch name := e.Name(); {
		case strings.HasPrefix(name, ".") || strings.HasPrefix(name, "__MACOSX"):
		case f.isFolder(dir, e):
			folders = append(folders, name)
		case imgproc.IsImageName(name):
			images = append(images, name)
		}
	}
	return folders, images, nil
}

// isFolder follows links, as people keep large data sets behind them.
func (f Folder) isFolder(dir string, e fs.DirEntry) bool {
	return e.IsDir() || e.Type()&fs.ModeSymlink != 0 && f.has(path.Join(dir, e.Name()))
}

// unwrapped is the folder inside f where f holds nothing but one folder of folders, as an archive does.
func (f Folder) unwrapped() Folder {
	folders, images, err := f.list(".")
	if err != nil || len(folders) != 1 || len(images) > 0 {
		return f
	}
	if inner, images, err := f.list(folders[0]); err != nil || len(inner) == 0 || len(images) > 0 {
		return f
	}
	return f.Sub(folders[0]).unwrapped()
}

// failed says what could not be read, naming it once.
func (f Folder) failed(file string, err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		err = at.Err
	}
	return fmt.Errorf("read %s: %w", f.name(file), err)
}

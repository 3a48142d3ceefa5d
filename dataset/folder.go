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
	"github.com/siam-go/siam/internal/filekind"
)

// Folder is a place to read a data set from, and what messages call it.
type Folder struct {
	FS   fs.FS
	Path string
	// Enough says how fine images are to be read, see [imgproc.DecodePhoto]; nil reads them at their full size.
	Enough imgproc.Enough
	// Strict makes a file that cannot be read the error of all. Without it, readers leave it out and list it: [Set.Failed].
	Strict bool

	around []fs.FileInfo // the folder and those that hold it, on disk
	links  []Skipped     // what of an archive is not in FS
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
		return Folder{FS: disk(name), Path: filepath.Clean(name), around: foldersAround(name)}, nil
	}
	fsys, links, err := openArchive(name)
	if err != nil {
		return Folder{}, fmt.Errorf("open data %s: %w", name, err)
	}
	return Folder{FS: fsys, Path: name, links: links}, nil
}

const wantFolder = "want a folder, or a .zip, .tar or .tar.gz archive"

func openArchive(name string) (fsys fs.FS, links []Skipped, err error) {
	kind := filekind.Of(name)
	if lower := strings.ToLower(name); kind == filekind.Unknown && strings.HasSuffix(lower, ".tar") {
		kind = filekind.Tar // of an old kind
	}
	switch kind {
	case filekind.Zip, filekind.Gzip, filekind.Tar:
	case filekind.Unknown:
		return nil, nil, errors.New(wantFolder)
	case filekind.Picture:
		return nil, nil, errors.New("it is a picture: name the folder that it is in")
	default:
		return nil, nil, fmt.Errorf("it is %s: %s", kind, wantFolder)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, nil, err
	}
	switch kind {
	case filekind.Zip:
		fsys, err = zipFS(data)
	case filekind.Tar:
		fsys, links, err = tarFS(bytes.NewReader(data))
	default:
		fsys, links, err = tarGzFS(bytes.NewReader(data))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("the archive is damaged or cut short (%w): fetch it again", err)
	}
	return fsys, links, nil
}

func zipFS(data []byte) (fs.FS, error) {
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	for _, file := range r.File {
		file.Name = inUTF8(file.Name)
	}
	return r, nil
}

func tarGzFS(r io.Reader) (fs.FS, []Skipped, error) {
	unpacked, err := gzip.NewReader(r)
	if err != nil {
		return nil, nil, err
	}
	return tarFS(unpacked)
}

// tarFS copies the plain files of a tar into an uncompressed zip in memory, which the standard library serves as a file
// system. Links are not followed, but listed.
func tarFS(r io.Reader) (fsys fs.FS, links []Skipped, err error) {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	limited := &io.LimitedReader{R: r, N: maxArchiveBytes}
	for files := tar.NewReader(limited); ; {
		header, err := files.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		name := path.Clean(inUTF8(header.Name))
		switch {
		case header.Typeflag == tar.TypeLink || header.Typeflag == tar.TypeSymlink:
			links = append(links, Skipped{name, whyPacked})
			continue
		case header.Typeflag != tar.TypeReg || !fs.ValidPath(name):
			continue
		}
		to, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			return nil, nil, err
		}
		if _, err := io.Copy(to, files); err != nil {
			return nil, nil, err
		}
	}
	if limited.N <= 0 {
		return nil, nil, fmt.Errorf("it unpacks to more than %d GiB", maxArchiveBytes>>30)
	}
	if err := w.Close(); err != nil {
		return nil, nil, err
	}
	fsys, err = zip.NewReader(bytes.NewReader(buf.Bytes()), int64(buf.Len()))
	return fsys, links, err
}

// Sub is the folder called name inside f.
func (f Folder) Sub(name string) Folder {
	f.FS, f.Path, f.links = within{f.FS, name}, f.name(name), nil
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

// bytes are those of an image's file. The error does not name it.
func (f Folder) bytes(name string) ([]byte, error) {
	data, err := imgproc.ReadBytesFS(f.FS, name)
	return data, errors.Unwrap(err)
}

// failed says what could not be read, naming it once.
func (f Folder) failed(file string, err error) error {
	return fmt.Errorf("read %s: %w", f.name(file), cause(err))
}

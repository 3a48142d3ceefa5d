package dataset

import (
	"fmt"
	"io/fs"
	"path"
	"strings"

	"github.com/siam-go/siam/imgproc"
)

// Images lists the image files in f and in all folders inside it, by path. Hidden files and folders are left out.
func (f Folder) Images() ([]string, error) {
	var files []string
	err := fs.WalkDir(f.FS, ".", func(file string, entry fs.DirEntry, err error) error {
		switch name := path.Base(file); {
		case err != nil:
			return f.failed(file, err)
		case file != "." && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "__MACOSX")):
			if entry.IsDir() {
				return fs.SkipDir
			}
		case !entry.IsDir() && imgproc.IsImageName(name):
			files = append(files, file)
		}
		return nil
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("read %s: it holds no images", f.Path)
	}
	return files, err
}

// IdentitiesOf tells from the paths of files whom they show: each folder is an identity, or, where all files are in one folder, the
// part of their names before the last underscore, as in [ReadIdentities]. It is nil when the paths do not tell two identities apart.
func IdentitiesOf(files []string) []string {
	for _, of := range []func(string) string{path.Dir, identityOf} {
		names := make([]string, len(files))
		count := map[string]int{}
		for i, file := range files {
			names[i] = of(file)
			count[names[i]]++
		}
		if _, untold := count[""]; !untold && len(count) > 1 && len(count) < len(files) {
			return names
		}
	}
	return nil
}

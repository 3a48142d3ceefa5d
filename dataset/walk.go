package dataset

import "io/fs"

// Walk calls do for every file and folder of a file system in the order of their names, and after them for those that links lead to, under the names of the
// links; no folder is walked twice, so a circle of links ends. Links that lead nowhere are passed over. do may return [fs.SkipDir].
func Walk(fsys fs.FS, do func(file string, d fs.DirEntry) error) error {
	var links []string
	var entered map[int64][]fs.FileInfo
	linked := false
	visit := func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Type()&fs.ModeSymlink != 0 {
			info, err := fs.Stat(fsys, file)
			if err != nil {
				return nil
			}
			if info.IsDir() {
				links = append(links, file)
				return nil
			}
			d = fs.FileInfoToDirEntry(info)
		}
		if d.IsDir() {
			if info, err := d.Info(); err == nil {
				if linked && isAmong(entered, info) {
					return fs.SkipDir
				}
				entered = with(entered, info)
			}
		}
		return do(file, d)
	}
	if err := fs.WalkDir(fsys, ".", visit); err != nil {
		return err
	}
	linked = true
	for len(links) > 0 {
		link := links[0]
		links = links[1:]
		if err := fs.WalkDir(fsys, link, visit); err != nil {
			return err
		}
	}
	return nil
}

package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/siam-go/siam/report"
)

// write makes the files that are asked for.
func (f clusterFlags) write(al *album, groups [][]int) error {
	if f.sheet != "" {
		if err := contactSheet(al, groups).WriteFile(f.sheet); err != nil {
			return err
		}
	}
	if f.report != "" {
		if err := clusterReport(f, al, groups).WriteFile(f.report); err != nil {
			return err
		}
	}
	if f.into != "" {
		return copyGroups(f.into, al, groups)
	}
	return nil
}

// sheetColumns is how many pictures stand in a row of a contact sheet.
const sheetColumns = 16

// contactSheet sets the groups of two or more side by side, with a gap between them, and those alone last.
func contactSheet(al *album, groups [][]int) report.Sheet {
	s := report.Sheet{Columns: sheetColumns}
	var alone []int
	endRow := func() {
		for len(s.Tiles)%sheetColumns != 0 {
			s.Tiles = append(s.Tiles, report.Tile{Verdict: report.Nothing})
		}
	}
	for _, group := range groups {
		if len(group) == 1 {
			alone = append(alone, group[0])
			continue
		}
		if used := len(s.Tiles) % sheetColumns; used+1+len(group) > sheetColumns {
			endRow()
		} else if used > 0 {
			s.Tiles = append(s.Tiles, report.Tile{Verdict: report.Nothing})
		}
		s.Tiles = append(s.Tiles, al.tiles(group)...)
	}
	endRow()
	for _, i := range alone {
		s.Tiles = append(s.Tiles, report.Tile{Image: al.pictures[i]})
	}
	return s
}

// tiles are pictures; where the identities are known, those that differ from most of the others are marked.
func (al *album) tiles(rows []int) []report.Tile {
	most := ""
	if al.identities != nil {
		count := map[string]int{}
		for _, i := range rows {
			name := al.identities[i]
			if count[name]++; count[name] > count[most] {
				most = name
			}
		}
		if count[most] < 2 {
			most = ""
		}
	}
	tiles := make([]report.Tile, len(rows))
	for k, i := range rows {
		tiles[k] = report.Tile{Image: al.pictures[i], Caption: al.names[i]}
		if most != "" && al.identities[i] != most {
			tiles[k].Verdict = report.Wrong
		}
	}
	return tiles
}

// clusterReport shows every group on a page.
func clusterReport(f clusterFlags, al *album, groups [][]int) *report.Report {
	page := report.New("Groups")
	page.Subtitle = fmt.Sprintf("Model %s on %s, %s linkage, commit %s", f.model, f.data, f.linkage, thisBuild().Commit)
	var alone []report.Tile
	for i, group := range groups {
		if len(group) == 1 {
			alone = append(alone, report.Tile{Image: al.pictures[group[0]], Caption: al.names[group[0]]})
			continue
		}
		page.Add(report.Section{
			Title: fmt.Sprintf("Group %d: %d images", i+1, len(group)), Parts: []report.Part{report.Sheet{Tiles: al.tiles(group)}},
		})
	}
	if len(alone) > 0 {
		page.Add(report.Section{Title: fmt.Sprintf("Alone: %d images", len(alone)), Parts: []report.Part{report.Sheet{Tiles: alone}}})
	}
	return page
}

// copyGroups copies the files of group i to the folder into/group00i; folder/1.png is called folder-1.png there.
func copyGroups(into string, al *album, groups [][]int) error {
	for g, group := range groups {
		dir := filepath.Join(into, fmt.Sprintf("group%03d", g+1))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		for _, i := range group {
			content, err := fs.ReadFile(al.folder.FS, al.files[i])
			if err != nil {
				return err
			}
			name := strings.ReplaceAll(path.Clean(al.files[i]), "/", "-")
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

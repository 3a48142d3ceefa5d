package main

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/siam-go/siam/eval"
	"github.com/siam-go/siam/report"
)

// write makes the files that are asked for.
func (f clusterFlags) write(al *album, groups [][]int, judged *eval.Clustering) error {
	if f.sheet != "" {
		if err := contactSheet(al, groups).WriteFile(f.sheet); err != nil {
			return err
		}
	}
	if f.report != "" {
		if err := clusterReport(f, al, groups, judged).WriteFile(f.report); err != nil {
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

// contactSheet sets the groups of two or more side by side, each after its number and size, and those alone last.
func contactSheet(al *album, groups [][]int) report.Sheet {
	s := report.Sheet{Columns: sheetColumns}
	var alone []report.Tile
	add := func(tiles []report.Tile, title string) {
		if used := len(s.Tiles) % sheetColumns; used+1+len(tiles) > sheetColumns {
			for len(s.Tiles)%sheetColumns != 0 {
				s.Tiles = append(s.Tiles, report.Tile{Verdict: report.Nothing})
			}
		}
		s.Tiles = append(s.Tiles, report.Tile{Verdict: report.Nothing, Caption: fmt.Sprintf("%s\n%d", title, len(tiles))})
		s.Tiles = append(s.Tiles, tiles...)
	}
	for i, group := range groups {
		if len(group) == 1 {
			alone = append(alone, report.Tile{Image: al.pictures[group[0]]})
			continue
		}
		add(al.tiles(group), fmt.Sprintf("group %d", i+1))
	}
	if len(alone) > 0 {
		add(alone, "alone")
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
func clusterReport(f clusterFlags, al *album, groups [][]int, judged *eval.Clustering) *report.Report {
	page := report.New("Groups")
	page.Subtitle = fmt.Sprintf("Model %s on %s, %s linkage, commit %s", f.model, f.data, f.linkage, thisBuild().Commit)
	page.Add(clusterSummary(al, groups, judged))
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

// clusterSummary tells how many groups there are, and how they agree with the identities where these are known.
func clusterSummary(al *album, groups [][]int, judged *eval.Clustering) report.Section {
	alone := 0
	for _, group := range groups {
		if len(group) == 1 {
			alone++
		}
	}
	summary := report.Section{Title: "What was found"}
	if al.identities != nil {
		summary.Text = "A red frame marks a picture whose folder or name tells another identity than those of most in its group."
	}
	numbers := report.Numbers{
		{Label: "Groups", Value: fmt.Sprint(len(groups) - alone), Note: "of two pictures or more"},
		{Label: "Pictures", Value: fmt.Sprint(len(al.files)), Note: fmt.Sprintf("%d of them alone", alone)},
	}
	if judged != nil {
		against := fmt.Sprintf("against %d identities; 95 %% interval ", judged.Labels)
		numbers = append(numbers,
			report.Number{Label: "Pairwise F", Value: fmt.Sprintf("%.3f", judged.Pairwise.F), Note: against + span(judged.PairwiseCI95)},
			report.Number{Label: "BCubed F", Value: fmt.Sprintf("%.3f", judged.BCubed.F), Note: against + span(judged.BCubedCI95)})
	}
	summary.Parts = []report.Part{numbers}
	return summary
}

func span(ci eval.Interval) string { return fmt.Sprintf("%.3f to %.3f", ci[0], ci[1]) }

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

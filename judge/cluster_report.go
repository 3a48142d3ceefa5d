package judge

import (
	"fmt"

	"github.com/siam-go/siam/report"
)

// sheetColumns is how many pictures stand in a row of a contact sheet.
const sheetColumns = 16

// Sheet sets the groups of two or more side by side, each after its number and size, and those alone last.
func (c *Clusters) Sheet() report.Sheet {
	s := report.Sheet{Columns: sheetColumns}
	add := func(tiles []report.Tile, title string) {
		if used := len(s.Tiles) % sheetColumns; used+1+len(tiles) > sheetColumns {
			for len(s.Tiles)%sheetColumns != 0 {
				s.Tiles = append(s.Tiles, report.Tile{Verdict: report.Nothing})
			}
		}
		s.Tiles = append(s.Tiles, report.Tile{Verdict: report.Nothing, Caption: fmt.Sprintf("%s\n%d", title, len(tiles))})
		s.Tiles = append(s.Tiles, tiles...)
	}
	groups, alone := c.tiles()
	for i, tiles := range groups {
		add(tiles, fmt.Sprintf("group %d", i+1))
	}
	if len(alone) > 0 {
		add(alone, "alone")
	}
	return s
}

// AddTo writes every group into a report.
func (c *Clusters) AddTo(page *report.Report) {
	page.Add(c.summary())
	groups, alone := c.tiles()
	for i, tiles := range groups {
		page.Add(report.Section{
			Title: fmt.Sprintf("Group %d: %d images", i+1, len(tiles)), Parts: []report.Part{report.Sheet{Tiles: tiles}},
		})
	}
	if len(alone) > 0 {
		page.Add(report.Section{Title: fmt.Sprintf("Alone: %d images", len(alone)), Parts: []report.Part{report.Sheet{Tiles: alone}}})
	}
}

// summary tells how many groups there are, and how they agree with the identities where these are known.
func (c *Clusters) summary() report.Section {
	alone := c.Alone()
	summary := report.Section{Title: "What was found", Text: "Groups were " + c.Why() + "."}
	if c.album.Known {
		summary.Text += " A red frame marks a picture whose folder or name tells another identity than those of most in its group."
	}
	numbers := report.Numbers{
		{Label: "Groups", Value: fmt.Sprint(len(c.Rows) - alone), Note: "of two pictures or more"},
		{Label: "Pictures", Value: fmt.Sprint(c.Images), Note: fmt.Sprintf("%d of them alone", alone)},
	}
	if judged := c.Judged; judged != nil {
		note := fmt.Sprintf("against %d identities", judged.Labels)
		numbers = append(numbers, report.Rate("Pairwise F", judged.Pairwise.F, note), report.Rate("BCubed F", judged.BCubed.F, note))
	}
	summary.Parts = []report.Part{numbers}
	return summary
}

// tiles are the pictures of each group of two or more, and those that are alone.
func (c *Clusters) tiles() (groups [][]report.Tile, alone []report.Tile) {
	for _, rows := range c.Rows {
		if tiles := c.groupTiles(rows); len(rows) == 1 {
			alone = append(alone, tiles...)
		} else {
			groups = append(groups, tiles)
		}
	}
	return groups, alone
}

// groupTiles marks the pictures whose identity is not that of most of the group, when two or more agree on one.
func (c *Clusters) groupTiles(rows []int) []report.Tile {
	usual := c.usualIdentity(rows)
	tiles := make([]report.Tile, len(rows))
	for k, i := range rows {
		p := c.album.Pictures[i]
		tiles[k] = report.Tile{Image: p.Image, Caption: p.Name}
		if usual != "" && p.Identity != usual {
			tiles[k].Verdict = report.Wrong
		}
	}
	return tiles
}

// usualIdentity is the identity of most pictures, empty when no two of them share one.
func (c *Clusters) usualIdentity(rows []int) string {
	count, usual := map[string]int{}, ""
	for _, i := range rows {
		name := c.album.Pictures[i].Identity
		if count[name]++; count[name] > count[usual] {
			usual = name
		}
	}
	if count[usual] < 2 {
		return ""
	}
	return usual
}

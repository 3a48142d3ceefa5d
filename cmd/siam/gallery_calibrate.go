package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/siam-go/siam/dataset"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/internal/filekind"
	"github.com/siam-go/siam/report"
	"github.com/siam-go/siam/stats"
	"github.com/spf13/cobra"
)

// calibrateGalleryFlags are those of siam gallery calibrate.
type calibrateGalleryFlags struct {
	galleryFlags
	modelFlags
	fpir, miss                float64
	strangers, groups, report string
	strict                    bool
}

func (a *app) galleryCalibrateCommand() *cobra.Command {
	var f calibrateGalleryFlags
	cmd := &cobra.Command{
		Use:   "calibrate --db URL --fpir 0.01 [--miss 0.02] [--strangers DIR]",
		Short: "learn the thresholds at which errors are as rare as promised",
		Long: `Learns two thresholds from the gallery itself, each person standing for a stranger among the others, and from people who are not
enrolled, if --strangers names a folder of images with a folder for each person: up to the first the nearest id is a match, and strangers are
matched at a rate of --fpir; beyond the second it is no match, and enrolled people are missed at a rate of --miss; between them a person
has to decide. Each person counts the same. It refuses to promise what so few people cannot support: no error among n people bounds a
rate at 3/n. With --groups, lines NAME,GROUP for ids and strangers, the rate is promised within the worst group.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.galleryCalibrate(cmd.Context(), f) },
	}
	f.galleryFlags.add(cmd)
	f.modelFlags.add(cmd)
	flags := cmd.Flags()
	flags.Float64Var(&f.fpir, "fpir", 0.01, "part of strangers who may be answered match")
	flags.Float64Var(&f.miss, "miss", 0.02, "part of enrolled people who may be answered no match")
	flags.StringVar(&f.strangers, "strangers", "", "`folder` or archive of people who are not enrolled, a folder for each, or a JSON file of their embeddings, as siam embed writes it")
	addStrictFlag(cmd, &f.strict)
	flags.StringVar(&f.groups, "groups", "", "CSV `file` of NAME,GROUP: promise the rate within each group")
	flags.StringVar(&f.report, "report", "", "HTML `file` to write with curves and tables")
	return cmd
}

func (a *app) galleryCalibrate(ctx context.Context, f calibrateGalleryFlags) error {
	if !(f.fpir > 0 && f.fpir < 1) || !(f.miss > 0 && f.miss < 1) {
		return usagef("gallery calibrate: --fpir %v --miss %v: want rates between 0 and 1, such as 0.01", f.fpir, f.miss)
	}
	if err := checkOut(f.report); err != nil {
		return err
	}
	groups, err := readGroups(f.groups)
	if err != nil {
		return err
	}
	if filekind.Of(f.strangers) == filekind.JSON {
		f.embeddings = f.strangers
	}
	return a.withSight(ctx, f.galleryFlags, f.modelFlags, func(s *seeing) error {
		strangers, err := a.readStrangers(ctx, s, f)
		if err != nil {
			return err
		}
		study, err := s.Calibrate(ctx, gallery.CalibrateOptions{FPIR: f.fpir, Miss: f.miss, Strangers: strangers, Groups: groups})
		if err != nil {
			return err
		}
		if err := s.SetCalibration(ctx, &study.Calibration); err != nil {
			return err
		}
		if f.report != "" {
			if err := studyReport(s.settings, study).WriteFile(f.report); err != nil {
				return err
			}
		}
		return a.print(study, studyText(s.settings, study))
	})
}

// readGroups reads lines NAME,GROUP; nil where no file is named.
func readGroups(file string) (map[string]string, error) {
	if file == "" {
		return nil, nil
	}
	opened, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("--groups: %w", err)
	}
	defer opened.Close()
	groups := map[string]string{}
	lines := csv.NewReader(opened)
	lines.FieldsPerRecord = 2
	for {
		line, err := lines.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("--groups %s: want lines NAME,GROUP: %w", file, err)
		}
		name, err := gallery.CleanID(line[0])
		if err != nil {
			return nil, fmt.Errorf("--groups %s: %w", file, err)
		}
		groups[name] = strings.TrimSpace(line[1])
	}
	if len(groups) == 0 {
		return nil, fmt.Errorf("--groups %s: it names nobody: want lines NAME,GROUP", file)
	}
	return groups, nil
}

// byPerson gathers embeddings of people, in the order in which they come.
type byPerson struct {
	people []gallery.Person
	at     map[string]int
}

func (b *byPerson) add(name string, embedding []float32) {
	at, known := b.at[name]
	if !known {
		at = len(b.people)
		b.people = append(b.people, gallery.Person{Name: name})
		if b.at == nil {
			b.at = map[string]int{}
		}
		b.at[name] = at
	}
	b.people[at].Embeddings = append(b.people[at].Embeddings, embedding)
}

// readStrangers embeds a folder with a folder for each person, or reads a file of embeddings.
func (a *app) readStrangers(ctx context.Context, s *seeing, f calibrateGalleryFlags) ([]gallery.Person, error) {
	switch {
	case f.strangers == "":
		return nil, nil
	case f.embeddings != "":
		images, err := a.readEnrolments(f.strangers, "", s.settings)
		if err != nil {
			return nil, fmt.Errorf("--strangers %w", err)
		}
		var b byPerson
		for _, image := range images {
			b.add(image.ID, image.Face.Embedding)
		}
		return b.people, nil
	}
	return a.embedStrangers(ctx, s, f.strangers, f.strict)
}

func (a *app) embedStrangers(ctx context.Context, s *seeing, name string, strict bool) ([]gallery.Person, error) {
	source, err := a.folderSource(name, strict)
	if err != nil {
		return nil, fmt.Errorf("--strangers: %w", err)
	}
	p := a.newProgress("embedding strangers", "images", len(source.files))
	defer p.close()
	var b byPerson
	var failed []*dataset.FileError
	for photo, err := range s.photographs(ctx, source.photoSource, false) {
		p.add(1)
		if file, ok := errors.AsType[*dataset.FileError](err); ok && !strict {
			failed = append(failed, file)
			continue
		} else if err != nil {
			return nil, err
		}
		face, _, err := photo.MainFace()
		if err != nil {
			a.leaveFaceless(photo.Name)
			continue
		}
		b.add(source.idOf(photo.Name), face.Embedding)
	}
	a.leaveOut(failed, len(source.files))
	return b.people, nil
}

func studyText(s gallery.Settings, study *gallery.Study) string {
	var b strings.Builder
	fmt.Fprintf(&b, "gallery %q: match up to %s distance %.4f, refer up to %.4f\n", s.Name, s.Distance, study.Thresholds.Match, study.Thresholds.Refer)
	of := ""
	if study.Group != "" {
		of = " of group " + study.Group + ", the worst"
	}
	fmt.Fprintf(&b, "strangers answered match (FPIR)%s    %s, promised %.2g %%\n", of, rateText(study.FPIR, "people"), 100*study.FPIR.Promised)
	if study.Miss.N == 0 {
		b.WriteString("nobody has two images: how often enrolled people are missed is not known\n")
	} else {
		fmt.Fprintf(&b, "enrolled people answered no match   %s, promised %.2g %%\n", rateText(study.Miss, "ids"), 100*study.Miss.Promised)
		fmt.Fprintf(&b, "enrolled people not matched (FNIR)  %s\n", rateText(study.FNIR, "ids"))
		fmt.Fprintf(&b, "enrolled people referred            %s\n", rateText(study.Referral, "ids"))
	}
	if study.Ungrouped > 0 {
		fmt.Fprintf(&b, "%d people are in no group: nothing is promised of them\n", study.Ungrouped)
	}
	if r := study.Recall; r != nil {
		fmt.Fprintf(&b, "of which the approximate search misses %.2f %% (95 %% interval %.2f to %.2f)\n", 100*(1-r.Value), 100*(1-r.CI95[1]), 100*(1-r.CI95[0]))
	}
	if c := study.Bursts; c != nil {
		fmt.Fprintf(&b, "bursts: thresholds rise by %.3f of the mean distance between the frames, of %.2f at most\n", c.Slack, c.Spread)
		fmt.Fprintf(&b, "strangers' bursts answered match    %s, promised %.2g %%\n", rateText(c.FPIR, "people"), 100*c.FPIR.Promised)
		if c.FNIR.N > 0 {
			fmt.Fprintf(&b, "enrolled people's bursts not matched %s\n", rateText(c.FNIR, "ids"))
		}
	}
	for _, w := range study.Doubts[:min(10, len(study.Doubts))] {
		fmt.Fprintf(&b, "look at %s and %s, %s distance %.4f: %s\n", w.ID, w.Other, s.Distance, w.Distance, w.Text)
	}
	if more := len(study.Doubts) - 10; more > 0 {
		fmt.Fprintf(&b, "and %d more: --json lists them\n", more)
	}
	return b.String()
}

func rateText(r gallery.Rate, of string) string {
	return fmt.Sprintf("%.2f %% (95 %% interval %.2f to %.2f, n = %d %s)", 100*r.Value, 100*r.CI95[0], 100*r.CI95[1], r.N, of)
}

func estimateOf(r gallery.Rate, of string) stats.Estimate {
	return stats.Estimate{Value: r.Value, CI95: r.CI95, N: r.N, Of: of}
}

// studyReport is the page of a calibration.
func studyReport(s gallery.Settings, study *gallery.Study) *report.Report {
	page := report.New("A gallery's thresholds")
	page.Subtitle = fmt.Sprintf("Gallery %s, %d ids of %d images, %d strangers, model %.12s, %s", s.Name, study.IDs, study.Images, study.Strangers, s.Model, study.When.Format("2006-01-02"))
	numbers := report.Numbers{
		report.Rate("strangers answered match", estimateOf(study.FPIR, "people"), fmt.Sprintf("FPIR, promised %.2g %%", 100*study.FPIR.Promised)),
	}
	if study.FNIR.N > 0 {
		numbers = append(numbers, report.Rate("enrolled people not matched", estimateOf(study.FNIR, "ids"), "FNIR: refer counts as a miss"),
			report.Rate("enrolled people answered no match", estimateOf(study.Miss, "ids"), fmt.Sprintf("promised %.2g %%", 100*study.Miss.Promised)),
			report.Rate("enrolled people referred", estimateOf(study.Referral, "ids"), ""))
	}
	if r := study.Recall; r != nil {
		numbers = append(numbers, report.Rate("nearest that the approximate search finds", estimateOf(*r, "probes"), "the rates of missed people have the rest in them"))
	}
	page.Add(report.Section{Title: "What to expect", Text: fmt.Sprintf("A %s distance up to %.4f is a match, up to %.4f a person has to decide. Each person counts the same, however many images they have.",
		s.Distance, study.Thresholds.Match, study.Thresholds.Refer), Parts: []report.Part{numbers}})
	if study.FNIR.N > 0 {
		page.Add(report.Section{Title: "Both errors", Text: "What other thresholds would give.", Parts: []report.Part{studyCurve(study)}})
		page.Add(report.Section{Title: "Gallery size", Text: "Means over all smaller galleries of the same people. In a larger gallery a stranger has more people to be taken for: when it grows, calibrate it again.",
			Parts: []report.Part{sizeChart(study)}})
		page.Add(report.Section{Title: "As NIST's 1:N evaluation tells it", Text: "Identification is a gate that answers by itself; an investigation is a person who looks at the nearest 50, at no threshold.",
			Parts: []report.Part{identificationTable(study), investigationTable(study)}})
	}
	if b := study.Bursts; b != nil {
		numbers := report.Numbers{report.Rate("strangers' bursts answered match", estimateOf(b.FPIR, "people"), fmt.Sprintf("FPIR, promised %.2g %%", 100*b.FPIR.Promised))}
		if b.FNIR.N > 0 {
			numbers = append(numbers, report.Rate("enrolled people's bursts not matched", estimateOf(b.FNIR, "ids"), "FNIR: refer counts as a miss"),
				report.Rate("enrolled people's bursts answered no match", estimateOf(b.Miss, "ids"), ""))
		}
		page.Add(report.Section{Title: "Several images of one person", Parts: []report.Part{numbers},
			Text: fmt.Sprintf("The thresholds of a burst rise by %.3f of the mean distance between its frames, of %.2f at most: frames that are alike are judged like one image. Learned from people with two to five images.", b.Slack, b.Spread)})
	}
	if len(study.Groups) > 0 {
		table := report.Table{Title: "By group", Columns: []string{"group", "FPIR", "95 % interval", "people"}}
		for _, g := range study.Groups {
			table.Rows = append(table.Rows, []string{g.Group, fmt.Sprintf("%.2f %%", 100*g.Value), fmt.Sprintf("%.2f to %.2f %%", 100*g.CI95[0], 100*g.CI95[1]), fmt.Sprint(g.N)})
		}
		page.Add(report.Section{Title: "Groups", Text: "The rate is promised within the worst group.", Parts: []report.Part{table}})
	}
	if len(study.Doubts) > 0 {
		table := report.Table{Columns: []string{"id", "and", s.Distance + " distance", "why"}}
		for _, w := range study.Doubts {
			table.Rows = append(table.Rows, []string{w.ID, w.Other, fmt.Sprintf("%.4f", w.Distance), w.Text})
		}
		page.Add(report.Section{Title: "Ids to look at", Text: fmt.Sprintf("The nearest first; a match is up to %.4f, and a person decides up to %.4f.", study.Thresholds.Match, study.Thresholds.Refer),
			Parts: []report.Part{table}})
	}
	return page
}

func studyCurve(study *gallery.Study) report.Chart {
	least := 1 / float64(max(study.IDs+study.Strangers, 2))
	c := report.Chart{Title: "DET", X: report.Axis{Label: "FPIR", Scale: report.Probit, Percent: true, Min: least, Max: 0.6},
		Y: report.Axis{Label: "FNIR", Scale: report.Probit, Percent: true, Min: 1e-3, Max: 0.9}}
	var x, y []float64
	for _, p := range study.Curve {
		if p.FPIR > 0 && p.FNIR > 0 {
			x, y = append(x, p.FPIR), append(y, p.FNIR)
		}
	}
	c.Series = []report.Series{{Name: "this gallery", X: x, Y: y}}
	c.Dots = []report.Dot{{X: max(study.FPIR.Value, least), Y: max(study.FNIR.Value, 1e-3), Label: "match threshold"}}
	return c
}

// sizeChart shows the errors of smaller galleries.
func sizeChart(study *gallery.Study) report.Chart {
	promised := fmt.Sprintf("FNIR at FPIR %.2g %%", 100*study.FPIR.Promised)
	fnir, fpir := report.Series{Name: promised}, report.Series{Name: "FPIR at this gallery's threshold", Dashed: true}
	most := study.FPIR.Promised
	for _, at := range study.Sizes {
		fnir.X, fnir.Y = append(fnir.X, float64(at.IDs)), append(fnir.Y, at.FNIR)
		fpir.X, fpir.Y = append(fpir.X, float64(at.IDs)), append(fpir.Y, at.FPIR)
		most = max(most, at.FNIR, at.FPIR)
	}
	return report.Chart{
		Title:  "Errors against gallery size",
		X:      report.Axis{Label: "ids", Scale: report.Log, Min: float64(study.Sizes[0].IDs), Max: float64(study.IDs)},
		Y:      report.Axis{Label: "rate", Percent: true, Max: min(1.1*most, 1)},
		Series: []report.Series{fnir, fpir},
	}
}

// identificationTable is NIST's figure for a gate: FNIR at a rate of strangers that takes many of them.
func identificationTable(study *gallery.Study) report.Table {
	t := report.Table{Title: "Identification", Columns: []string{"FNIR at FPIR 0.003", "people"}}
	people := study.IDs + study.Strangers
	if r := study.Identification; r != nil {
		t.Rows = [][]string{{rateCell(*r), fmt.Sprint(people)}}
	} else {
		t.Rows = [][]string{{"not supported below 1,000 people", fmt.Sprint(people)}}
	}
	return t
}

// investigationTable are NIST's figures for a person who looks at a list of 50 candidates.
func investigationTable(study *gallery.Study) report.Table {
	t := report.Table{Title: "Investigation, 50 candidates", Columns: []string{"missed", "rate", "ids"}}
	for _, row := range []struct {
		name string
		gallery.Rate
	}{{"not the first candidate", study.Investigation}, {"not among the candidates", study.Unlisted}} {
		t.Rows = append(t.Rows, []string{row.name, rateCell(row.Rate), fmt.Sprint(row.N)})
	}
	return t
}

func rateCell(r gallery.Rate) string {
	return fmt.Sprintf("%.2f %% (%.2f to %.2f)", 100*r.Value, 100*r.CI95[0], 100*r.CI95[1])
}

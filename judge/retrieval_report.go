package judge

import (
	"fmt"

	"github.com/siam-go/siam/report"
	"github.com/siam-go/siam/stats"
)

// AddRetrieval writes what retrieval reached into a report.
func AddRetrieval(page *report.Report, r Retrieval) {
	number := func(label, note string, e stats.Estimate) report.Number { return report.Rate(label, e, note) }
	page.Add(report.Section{
		Title: "What it finds",
		Text: fmt.Sprintf("Each of %d images of %d identities in turn asks for the others of its class. The bars are 95 %% confidence intervals by %d %s: "+
			"how far the figure may be off for others than these.", r.Queries, r.Identities, r.Units, r.Unit),
		Parts: []report.Part{report.Numbers{
			number("Precision at 1", "the nearest image is of the same class", r.PrecisionAt1),
			number("R-precision", "of as many nearest images as the class has", r.RPrecision),
			number("MAP@R", "the same, with the order counted", r.MAPAtR),
		}},
	})
}

package recipe

import (
	"bytes"
	"strings"
	"testing"

	"github.com/siam-go/siam/report"
)

func TestTrainingMakesAReport(t *testing.T) {
	half := 0.5
	page := report.New("trained")
	AddTraining(page, tiny().Settings, History{{Step: 1, Loss: 2}, {Step: 2, Loss: 1, Validation: &half}})
	var html bytes.Buffer
	if err := page.Write(&html); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Training", "Loss", "Accuracy on validation alphabets"} {
		if !strings.Contains(html.String(), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}

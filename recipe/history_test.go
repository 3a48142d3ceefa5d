package recipe

import (
	"bytes"
	"strings"
	"testing"

	"github.com/siam-go/siam/report"
)

func TestTrainingMakesAReport(t *testing.T) {
	half := 0.5
	for title, settings := range map[string]Settings{
		"Accuracy on validation alphabets": tiny().Settings, "Accuracy on validation people": ReIDSiamese().Settings,
		"Jaccard index on validation images": CosegSmall().Settings,
	} {
		page := report.New("trained")
		AddTraining(page, settings, History{{Step: 1, Loss: 2}, {Step: 2, Loss: 1, Validation: &half}})
		var html bytes.Buffer
		if err := page.Write(&html); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"Training", "Loss", title} {
			if !strings.Contains(html.String(), want) {
				t.Errorf("the report lacks %q", want)
			}
		}
		if strings.Contains(title, "Jaccard") && strings.Contains(strings.ToLower(html.String()), "accuracy") {
			t.Error("a report of masks speaks of accuracy")
		}
	}
}

func TestEveryRecipeSaysWhatItMeasures(t *testing.T) {
	for _, r := range All() {
		if m := r.Settings.Data.Words().Measure; m != Accuracy && m != Jaccard {
			t.Errorf("recipe %s measures %q", r.Name, m)
		}
	}
}

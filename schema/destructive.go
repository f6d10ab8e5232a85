package schema

import atlas "ariga.io/atlas/sql/schema"

// destructive lists the changes that can lose data, as drop_table:accounts,
// drop_column:accounts.name or change_type:accounts.name. All other changes can be undone.
func destructive(changes []atlas.Change) []string {
	var names []string
	for _, change := range changes {
		switch c := change.(type) {
		case *atlas.DropTable:
			names = append(names, "drop_table:"+c.T.Name)
		case *atlas.ModifyTable:
			for _, inner := range c.Changes {
				switch c2 := inner.(type) {
				case *atlas.DropColumn:
					names = append(names, "drop_column:"+c.T.Name+"."+c2.C.Name)
				case *atlas.ModifyColumn:
					if c2.Change.Is(atlas.ChangeType) {
						names = append(names, "change_type:"+c.T.Name+"."+c2.To.Name)
					}
				}
			}
		case *atlas.AddTable:
		default:
			// An unknown change is not assumed to be harmless.
			names = append(names, "other")
		}
	}
	return names
}

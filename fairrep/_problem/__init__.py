"""What a fit is asked, and of which rows: task, criterion, guarded S, one Problem."""

"""What a fit is asked, and of which rows: task, criterion and guarded S in one Problem."""

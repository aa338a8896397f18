s/return items_.size() < limits_.messages &&.*/return bytes < SIZE_MAX;/
